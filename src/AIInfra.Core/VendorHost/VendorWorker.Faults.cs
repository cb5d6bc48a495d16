using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

/// <summary>What follows from a child that refuses, ends or hangs. Each answers how long to wait before the next child.</summary>
public sealed partial class VendorWorker
{
    /// <summary>Failures in a row, without a completed round between them, after which the devices must not get new work.</summary>
    private const int FailuresToUnhealthy = 2;

    /// <summary>The library would not open.</summary>
    private TimeSpan Refused(VendorException fault)
    {
        _child?.Dispose();
        _child = null;
        if (fault.Fault == VendorFault.Absent && _devices.Count == 0)
        {
            _states.Absent(fault.Message);
            return LookAgain;
        }
        Fail(AreRefusalsTold(fault), fault.Fault == VendorFault.Absent
            ? $"{fault.Message}. Devices of it are known on this node: install the driver again, or set {_definition.Switch} to false"
            : fault.Message);
        return fault.Fault is VendorFault.Transient or VendorFault.DeviceLost ? BackOff : LookAgain;
    }

    private bool AreRefusalsTold(VendorException fault) =>
        fault.Fault == VendorFault.Refused && _definition.Rules.OnRefused(_devices.ToBoards(), fault, _time.GetUtcNow(), _boards.Health);

    /// <summary>The child itself failed.</summary>
    private TimeSpan Failed(VendorHostException fault)
    {
        if (fault.Fault == HostFault.Hung)
            return Abandon(fault);
        if (fault.Fault == HostFault.Ended)
        {
            LogCrashed(_definition.Name, fault.Message);
            _problems.ReportCrash(fault.Message);
        }
        _child?.Dispose();
        _child = null;
        Fail(isTold: false, fault.Fault == HostFault.Ended ? $"the vendor host with its library failed, {fault.Message}" : fault.Message);
        return fault.Fault == HostFault.OtherVersion ? LookAgain : BackOff;
    }

    private TimeSpan BackOff => TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(_failures - 1, 6)));

    /// <param name="isTold">The rules have said already what it means for the devices.</param>
    private void Fail(bool isTold, string reason)
    {
        _failures++;
        _rounds.DropAll();
        _states.Unavailable(reason);
        if (!isTold && _failures >= FailuresToUnhealthy)
            ReportUnanswered(reason);
    }

    /// <summary>A call has not returned: leaves the child alone with it, and its board with it.</summary>
    private TimeSpan Abandon(VendorHostException fault)
    {
        var known = fault.Board is { } board ? _devices.At(board) : null;
        if (_child is { } child) // otherwise it hung while opening, and is among the abandoned already
            _abandoned.Add(new AbandonedChild(child, fault.Board, child.Count, known?.Device.Id));
        _child = null;
        LogHung(_definition.Name, fault.Message, known?.Device.Id);
        _problems.ReportHung(known?.Device, fault.Message);
        if (known is not null)
            _devices.Drop(known);
        known?.Hang();
        _rounds.Publish();
        _lastHang = fault.Message;
        return TimeSpan.Zero;
    }

    /// <summary>No further child is started. Ends when an abandoned one answers.</summary>
    private TimeSpan GiveUp()
    {
        var reason = $"two of its vendor hosts hang, the last one in this: {_lastHang}. No third one is started: drain and boot the node";
        LogGivenUp(_definition.Name, reason);
        _rounds.DropAll();
        _states.Unavailable(reason);
        ReportUnanswered(reason);
        return Timeout.InfiniteTimeSpan;
    }

    /// <summary>An abandoned child has answered at last, or ended: it is told to end, and its device is asked again.</summary>
    /// <returns>True when there was one.</returns>
    private bool TakeBackAnswered()
    {
        var answered = _abandoned.TakeAnswered();
        foreach (var one in answered)
        {
            LogReturned(_definition.Name, one.DeviceId);
            if (one.DeviceId is { } id && !_abandoned.Hangs(id))
                _devices.Find(id)?.Return();
        }
        return answered.Count > 0;
    }

    private void ReportUnanswered(string reason)
    {
        foreach (var known in _devices.All)
            known.MayHaveProblem = true;
        _problems.ReportUnanswered(_devices.ToBoards(), reason);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: the library took its process down: {How}")]
    private partial void LogCrashed(string vendor, string how);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Vendor}: {Call}; the process is left alone and its device {Device} is not asked until the call returns or the node boots")]
    private partial void LogHung(string vendor, string call, string? device);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Vendor} is given up until the agent is restarted or a hung call returns: {Reason}")]
    private partial void LogGivenUp(string vendor, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor}: a call that hung has returned; device {Device} is asked again")]
    private partial void LogReturned(string vendor, string? device);
}
