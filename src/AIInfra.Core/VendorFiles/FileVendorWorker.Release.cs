using AIInfra.Core.State;
using AIInfra.Core.VendorHost;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorFiles;

/// <summary>An operator takes the vendor from the agent: its files are closed, and /proc must prove that nobody of the agent holds a device node.</summary>
public sealed partial class FileVendorWorker
{
    private static readonly TimeSpan PauseWait = TimeSpan.FromSeconds(10), BesideWait = TimeSpan.FromSeconds(25);

    /// <summary>Null while the vendor is the agent's. Looked at between two rounds.</summary>
    private VendorRelease? Release
    {
        get
        {
            _seenReleases = _releases.Current.Value;
            return _seenReleases.GetValueOrDefault(Vendor);
        }
    }

    /// <summary>Returns when it is resumed, or asked for again.</summary>
    private async Task StayReleasedAsync(VendorRelease release, CancellationToken cancellationToken)
    {
        foreach (var known in _devices.All)
            known.MayHaveProblem = true;
        _problems.ReportReleased(_devices.ToInventory(), release.Reason); // before anything is closed: no new work from here on
        _devices.DropSamples();
        Publish();
        _states.Released(release.Reason);
        await (_boards.Pauses?.WaitAsync(Vendor, PauseWait, _time, cancellationToken) ?? Task.CompletedTask); // other holders are asked to stand aside first
        foreach (var card in _cards.Where(card => !card.IsHung))
            card.Close();
        _described = null;
        await _releases.WaitForBesideAsync(release, BesideWait, cancellationToken);
        ReleaseProof? proof = null;
        var holders = new NodeHolders(_host, Vendor, [], _devices.ToInventory().SelectMany(device => device.DeviceNodes));
        await DiskThread.RunAsync(() => proof = holders.Find(release), Vendor).WaitAsync(cancellationToken);
        LogReleased(Vendor, proof!.Others.Length);
        _releases.Prove(proof);
        while (Release == release)
            await _releases.Current.WaitForChangeAsync(_seenReleases, cancellationToken);
        _failures = 0;
        if (Release is null)
            LogResumed(Vendor);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor} is out of the agent's hands: its files are closed, {Others} device nodes are held by others")]
    private partial void LogReleased(string vendor, int others);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor} is resumed: its files are opened anew")]
    private partial void LogResumed(string vendor);
}
