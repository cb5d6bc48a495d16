using AIInfra.Core.Devices;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

/// <summary>Where a vendor's devices come from, in words.</summary>
/// <param name="Enabled">As the vendor's options have it.</param>
/// <param name="Waiting">The sentence for as long as it has not answered.</param>
/// <param name="Missing">What it means that it is not there, as part of a sentence.</param>
/// <param name="Advice">What to do then, as a sentence.</param>
/// <param name="Switch">The setting that <paramref name="Enabled"/> is.</param>
internal sealed record VendorSource(string Vendor, bool? Enabled, string Waiting, string Missing, string Advice, string Switch);

/// <summary>Publishes how the vendor stands: inventory, readiness, and one line in the log for each change.</summary>
internal sealed partial class VendorStates(
    VendorSource source, VendorBoards boards, StoredInventories stored, VendorDevices devices, ILogger logger)
{
    private readonly string _part = $"vendor {source.Vendor}";
    private bool _isStarted;
    private VendorInventory _now = new() { Vendor = source.Vendor, State = VendorState.Starting };

    /// <summary>Before any child: the devices are those of the last run. After a fault of the worker they stay what they were.</summary>
    internal void Start()
    {
        boards.Parts.NotReady(_part, source.Waiting);
        if (_isStarted)
            return;
        _isStarted = true;
        if (stored.Load(source.Vendor) is { } last)
        {
            devices.Restore(last.Devices);
            _now = last with { Vendor = source.Vendor, State = VendorState.Starting, Reason = null };
        }
        Publish(_now with { Devices = devices.ToInventory() });
    }

    /// <summary>The devices are what the driver says now. Watchers are woken only when something is different.</summary>
    internal void Ready(LibraryInfo info)
    {
        boards.Parts.Ready(_part);
        var next = _now with
        {
            State = VendorState.Ready,
            Reason = null,
            DriverVersion = info.DriverVersion,
            LibraryVersion = info.LibraryVersion,
            IsSimulated = info.IsSimulated,
            Devices = devices.ToInventory(),
        };
        if (next with { Devices = _now.Devices } == _now && next.Devices.SequenceEqual(_now.Devices))
            return;
        if (_now.State != VendorState.Ready)
            LogReady(source.Vendor, next.Devices.Length, next.DriverVersion, next.LibraryVersion);
        Publish(next);
    }

    internal void Absent(string reason)
    {
        if (source.Enabled == true)
        {
            boards.Parts.NotReady(_part, $"{source.Switch} is true, but {source.Missing}: {reason}. {source.Advice} Looked for again every 60 s.");
        }
        else
        {
            boards.Parts.Ready(_part);
        }
        if (_now.State == VendorState.Absent && _now.Reason == reason)
            return;
        if (source.Enabled == true)
            LogMissing(source.Vendor, reason);
        else
            LogAbsent(source.Vendor, reason);
        Publish(_now with { State = VendorState.Absent, Reason = reason, Devices = [] });
    }

    internal void Unavailable(string reason)
    {
        boards.Parts.NotReady(_part, $"{source.Vendor}: {reason}");
        if (_now.State == VendorState.Unavailable && _now.Reason == reason)
            return;
        LogUnavailable(source.Vendor, reason);
        Publish(_now with { State = VendorState.Unavailable, Reason = reason, Devices = devices.ToInventory() });
    }

    /// <summary>An operator has it.</summary>
    internal void Released(string reason)
    {
        boards.Parts.NotReady(_part, $"{source.Vendor}: {reason}");
        if (_now.State != VendorState.Unavailable || _now.Reason != reason)
            Publish(_now with { State = VendorState.Unavailable, Reason = reason, Devices = devices.ToInventory() });
    }

    private void Publish(VendorInventory next) => boards.Inventory.Publish(_now = next);

    [LoggerMessage(EventName = "VendorStates.Ready", Level = LogLevel.Information, Message = "{Vendor}: {Count} devices, driver {Driver}, library {Library}")]
    private partial void LogReady(string vendor, int count, string? driver, string? library);

    [LoggerMessage(EventName = "VendorStates.Absent", Level = LogLevel.Information, Message = "{Vendor}: not on this node ({Reason}); looked for again every 60 s")]
    private partial void LogAbsent(string vendor, string reason);

    [LoggerMessage(EventName = "VendorStates.Missing", Level = LogLevel.Warning, Message = "{Vendor} is wanted and not there: {Reason}; looked for again every 60 s")]
    private partial void LogMissing(string vendor, string reason);

    [LoggerMessage(EventName = "VendorStates.Unavailable", Level = LogLevel.Warning, Message = "{Vendor} is unavailable: {Reason}")]
    private partial void LogUnavailable(string vendor, string reason);
}
