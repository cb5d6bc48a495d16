using AIInfra.Core.State;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

/// <summary>An operator takes the vendor from the agent: every handle is closed, and /proc must prove it.</summary>
public sealed partial class VendorWorker
{
    private static readonly TimeSpan EndWait = TimeSpan.FromSeconds(10), PauseWait = TimeSpan.FromSeconds(10);

    /// <summary>Null while the vendor is the agent's. Looked at between two calls into the library: one in flight is let finish.</summary>
    private VendorRelease? Release
    {
        get
        {
            _seenReleases = _releases.Current.Value;
            return _seenReleases.GetValueOrDefault(_definition.Beside ?? _definition.Name);
        }
    }

    /// <summary>Returns when it is resumed, or asked for again.</summary>
    private async Task StayReleasedAsync(VendorRelease release, CancellationToken cancellationToken)
    {
        var since = release.Reason;
        foreach (var known in _devices.All)
            known.MayHaveProblem = true;
        _problems.ReportReleased(_devices.ToInventory(), since); // before anything is closed: no new work from here on
        _rounds.DropAll();
        _states.Released(since);
        await _pauses.WaitAsync(_definition.Beside ?? _definition.Name, PauseWait, _time, cancellationToken); // other holders are asked to stand aside first
        await CloseChildAsync(cancellationToken);
        do
        {
            TakeBackAnswered();
            if (_definition.Beside is { } main)
            {
                _releases.LetGo(main, _definition.Name, release.Asked);
                await WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken);
                continue; // whoever serves the devices proves it for both
            }
            var proof = await FindHoldersAsync(release, cancellationToken);
            var left = proof.Ours.IsEmpty ? since : $"{since}. NOT FREE: {string.Join(", ", proof.Ours.Select(holder => $"process {holder.ProcessId} of the agent holds {holder.Node}"))}; it is stuck in the driver, only a boot ends it";
            _states.Released(left);
            LogReleased(_definition.Name, proof.Ours.Length, proof.Others.Length, left);
            _releases.Prove(proof);
            await WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        while (Release == release);
        _failures = 0;
        if (Release is null)
            LogResumed(_definition.Name);
    }

    private async Task CloseChildAsync(CancellationToken cancellationToken)
    {
        if (_child is not { } child)
            return;
        _child = null;
        child.Dispose();
        try
        {
            await child.Client.Exited.WaitAsync(EndWait, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The proof names what it still holds.
        }
    }

    private async Task<ReleaseProof> FindHoldersAsync(VendorRelease release, CancellationToken cancellationToken)
    {
        ReleaseProof? proof = null;
        var holders = new NodeHolders(_host, _definition.Name, _definition.NodePrefixes, _devices.ToInventory().SelectMany(device => device.DeviceNodes));
        await DiskThread.RunAsync(() => proof = holders.Find(release)).WaitAsync(cancellationToken);
        return proof!;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor} is out of the agent's hands: {Ours} device nodes held by the agent, {Others} by others; {State}")]
    private partial void LogReleased(string vendor, int ours, int others, string state);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor} is resumed: a new vendor host is started")]
    private partial void LogResumed(string vendor);
}
