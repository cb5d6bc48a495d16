using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The <see cref="VendorEvent.Kind"/> words of this vendor.</summary>
internal static class NvidiaEvent
{
    /// <summary>The value is the Xid.</summary>
    public const string Xid = "xid";
    /// <summary>The value is an Xid after which the GPU itself asks for no recovery.</summary>
    public const string MildXid = "xid-without-recovery";
    /// <summary>The Xid that says more (48, 94, 95) comes as an event of its own.</summary>
    public const string DoubleBitEcc = "ecc-double-bit";
    /// <summary>The value is the recovery action in force now, see <see cref="NvidiaRecovery"/>.</summary>
    public const string RecoveryAction = "recovery-action";
    public const string Unavailable = "unavailable";
    public const string CorrectedStorm = "ecc-storm", DramRetirement = "dram-retirement", DramRetirementFailed = "dram-retirement-failed", ContainedPoison = "poison-contained", FatalPoison = "poison-fatal";
}

/// <summary>The last Xid of each board since this process started. Written by the event thread, read by the sampling one.</summary>
internal sealed class NvidiaLastXids
{
    private readonly ConcurrentDictionary<string, Reading> _readings = new(StringComparer.Ordinal);

    /// <summary>0 before the first one; unknown until the board is listened to; absent where it has no such event.</summary>
    public Reading this[string deviceId] => _readings.GetValueOrDefault(deviceId, Reading.Unknown);

    /// <summary>The same for a partition: what is listened to is its board.</summary>
    public Reading OfPartition(string partitionId, string boardId) =>
        _readings.TryGetValue(partitionId, out var seen) ? seen : this[boardId] is { IsPresent: true } ? Reading.Of(0) : this[boardId];

    public void Saw(string deviceId, ulong xid) => _readings[deviceId] = Reading.Of(xid);

    public void Listens(string deviceId) => _readings.AddOrUpdate(deviceId, Reading.Of(0), (_, last) => last.IsPresent ? last : Reading.Of(0));

    public void HasNone(string deviceId) => _readings.TryAdd(deviceId, Reading.Absent);
}

/// <summary>One event set for all boards of one opened library. Boards are added from any thread; they are registered by the
/// thread that waits, so that no call of ours ever stands behind a wait inside the driver.</summary>
internal sealed class NvidiaEventStream(NvmlLibrary nvml, int boards, NvidiaLastXids lastXids, NvidiaPartitions partitions, TimeProvider time) : IDisposable
{
    /// <summary>Length of a wait while boards are still to come: events before a registration are not kept.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(200);
    /// <summary>How long a board that is still to come is waited for in this way: one that hangs never comes.</summary>
    private static readonly TimeSpan AllComeWithin = TimeSpan.FromMinutes(1);
    /// <summary>Longest stay inside the driver: a board that is added later waits so long for its events.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(5);

    /// <summary>Events that are only handed on.</summary>
    private static readonly (NvmlEvents Bit, string Kind)[] Plain =
    [
        (NvmlEvents.CorrectedStorm, NvidiaEvent.CorrectedStorm), (NvmlEvents.DramRetirement, NvidiaEvent.DramRetirement),
        (NvmlEvents.DramRetirementFailed, NvidiaEvent.DramRetirementFailed), (NvmlEvents.ContainedPoison, NvidiaEvent.ContainedPoison),
        (NvmlEvents.FatalPoison, NvidiaEvent.FatalPoison),
    ];

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<(NvmlDevice Device, string Id)> _added = new();
    private readonly SemaphoreSlim _addedAny = new(0);
    private readonly ConcurrentDictionary<NvmlDevice, (string Id, NvmlEvents Bits)> _registered = new();
    private readonly Queue<VendorEvent> _ready = new();
    private readonly long _created = time.GetTimestamp();
    private NvmlLibrary.EventSet? _set;
    private bool _isClosed;

    /// <summary>Asks for a board's events; does nothing when they are had already. Never blocks.</summary>
    public void Add(NvmlDevice device, string id)
    {
        if (_registered.TryGetValue(device, out var known) && known.Id == id)
            return;
        _added.Enqueue((device, id));
        _addedAny.Release();
    }

    /// <summary>See <see cref="IVendorLibrary.WaitEvent"/>. One board's refusal leaves the others'.</summary>
    public bool Wait(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        lock (_gate)
        {
            for (var started = time.GetTimestamp(); ;)
            {
                if (_ready.TryDequeue(out happened))
                    return true;
                RegisterAdded_NeedsLock();
                var left = atMost - time.GetElapsedTime(started);
                if (left < TimeSpan.FromMilliseconds(1) || _isClosed) // waits count in whole ones: less would be none
                    return false;
                WaitOnce_NeedsLock(left);
            }
        }
    }

    /// <summary>Returns after a wait that is under way. The library may be shut down after it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isClosed = true;
            _set?.Dispose();
            _set = null;
            _addedAny.Dispose();
        }
    }

    private void WaitOnce_NeedsLock(TimeSpan left)
    {
        if (_set is null || !_registered.Values.Any(board => board.Bits != NvmlEvents.None))
        {
            _addedAny.Wait(left);
            return;
        }
        var longest = _registered.Count < boards && time.GetElapsedTime(_created) < AllComeWithin ? ShortWait : LongWait;
        var wait = left < longest ? left : longest;
        var started = time.GetTimestamp();
        try
        {
            if (_set.Wait(wait) is { } one)
                Translate_NeedsLock(one);
            else if (time.GetElapsedTime(started) < wait / 2)
                _addedAny.Wait(wait < ShortWait ? wait : ShortWait); // it came back early: not in circles
        }
        catch (VendorException fault) when (fault.Fault == VendorFault.DeviceLost)
        {
            if (!DropLost_NeedsLock())
                throw;
        }
    }

    private void RegisterAdded_NeedsLock()
    {
        if (!_isClosed)
            _set ??= nvml.CreateEventSet();
        while (_added.TryDequeue(out var board))
        {
            if (_set is null)
                lastXids.HasNone(board.Id);
            else
                Register_NeedsLock(_set, board.Device, board.Id);
        }
    }

    private void Register_NeedsLock(NvmlLibrary.EventSet set, NvmlDevice device, string id)
    {
        if (_registered.TryGetValue(device, out var known) && known.Id == id)
            return;
        try
        {
            var bits = set.Register(device);
            _registered[device] = (id, bits);
            if (bits.HasFlag(NvmlEvents.Xid))
                lastXids.Listens(id);
            else
                lastXids.HasNone(id);
        }
        catch (VendorException)
        {
            _registered.TryRemove(device, out _); // the next round that reads the board adds it again
        }
    }

    /// <summary>One lost board ends every wait of its set: a new set goes on with the boards that still answer.</summary>
    /// <returns>False when all of them say that they do, so that the fault is not theirs.</returns>
    private bool DropLost_NeedsLock()
    {
        _set?.Dispose();
        _set = nvml.CreateEventSet();
        var before = _registered.ToArray();
        _registered.Clear();
        foreach (var (device, board) in before)
            Register_NeedsLock(_set!, device, board.Id);
        return _registered.Count < before.Length;
    }

    private void Translate_NeedsLock(NvmlEvent one)
    {
        var id = _registered.TryGetValue(one.Device, out var board) ? board.Id : null;
        if (one.Type.HasFlag(NvmlEvents.Xid))
            EnqueueXid_NeedsLock(one, id);
        if (one.Type.HasFlag(NvmlEvents.MigConfiguration))
            _ready.Enqueue(new VendorEvent(id, VendorEvent.Repartitioned, 0, null));
        if (one.Type.HasFlag(NvmlEvents.DoubleBitEcc))
            _ready.Enqueue(new VendorEvent(id, NvidiaEvent.DoubleBitEcc, 0, PartitionOf(one)));
        foreach (var (bit, kind) in Plain)
        {
            if (one.Type.HasFlag(bit))
                _ready.Enqueue(new VendorEvent(id, kind, 0, PartitionOf(one)));
        }
        if (one.Type.HasFlag(NvmlEvents.GpuUnavailable))
            _ready.Enqueue(new VendorEvent(id, NvidiaEvent.Unavailable, 0, null));
        if (one.Type.HasFlag(NvmlEvents.RecoveryAction) || one is { Type: NvmlEvents.Xid, Data: NvidiaRecovery.Xid })
            EnqueueRecovery_NeedsLock(one.Device, id);
    }

    /// <summary>To the partitions that it is attributed to; to the board when there is none of them (any more).</summary>
    private void EnqueueXid_NeedsLock(NvmlEvent one, string? id)
    {
        var value = (long)Math.Min(one.Data, long.MaxValue);
        var kind = value == NvidiaRules.Doubtful && AsksForNothing(one.Device) ? NvidiaEvent.MildXid : NvidiaEvent.Xid;
        if (id is not null)
            lastXids.Saw(id, one.Data);
        var parts = id is not null && one.GpuInstance is { } gpu ? partitions.At(id, gpu, one.ComputeInstance) : [];
        foreach (var part in parts)
        {
            lastXids.Saw(part, one.Data);
            _ready.Enqueue(new VendorEvent(part, kind, value, PartitionOf(one)));
        }
        if (parts.IsEmpty)
            _ready.Enqueue(new VendorEvent(id, kind, value, PartitionOf(one)));
    }

    private bool AsksForNothing(NvmlDevice device)
    {
        try
        {
            return nvml.RecoveryAction(device) is { IsPresent: true, Value: 0 };
        }
        catch (VendorException)
        {
            return false;
        }
    }

    /// <summary>Neither event carries the action, so it is asked for; without an answer the next sampling round tells.</summary>
    private void EnqueueRecovery_NeedsLock(NvmlDevice device, string? id)
    {
        try
        {
            if (nvml.RecoveryAction(device) is { IsPresent: true } action)
                _ready.Enqueue(new VendorEvent(id, NvidiaEvent.RecoveryAction, (long)action.Value, null));
        }
        catch (VendorException)
        {
            // Lost by now: the next sampling round says so.
        }
    }

    private static string? PartitionOf(NvmlEvent one) => one.GpuInstance is not { } gpu ? null
        : one.ComputeInstance is { } compute ? string.Create(CultureInfo.InvariantCulture, $"gi {gpu} ci {compute}")
        : string.Create(CultureInfo.InvariantCulture, $"gi {gpu}");
}
