using System.Globalization;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>Whether anything keeps the kernel's clock in time.</summary>
/// <param name="read">Of the kernel; null when it refuses.</param>
internal sealed class ClockProbe(ProbeParts parts, Func<KernelClock?> read) : Probe
{
    private static readonly TimeSpan MostError = TimeSpan.FromSeconds(1), MostOffset = TimeSpan.FromMilliseconds(500);

    public static ProbeDefinition Definition { get; } = new(
        "clock", "The kernel's clock: whether it is kept in time (chrony, ntpd, timesyncd), and how far off it may be.", TimeSpan.FromMinutes(1), parts => new ClockProbe(parts, KernelClock.Read))
    {
        Problems = ["time.unsynced"],
        BadToRaise = 5, // after a boot it takes a while
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        if (parts.Host.UeventStandIn is not null)
            return Task.FromResult(ProbeRound.Nothing("the host is only a folder: it has no clock of its own"));
        if (read() is not { } clock)
            return Task.FromResult(ProbeRound.Nothing("the kernel does not tell the state of its clock"));
        var evidence = string.Create(CultureInfo.InvariantCulture,
            $"adjtimex: {(clock.IsSynchronized ? "synchronized" : "not synchronized")}, offset {clock.Offset.TotalMilliseconds:0.###} ms, largest error {clock.LargestError.TotalSeconds:0.###} s{Services()}");
        var why = !clock.IsSynchronized ? "Nothing keeps the node's clock in time."
            : clock.LargestError > MostError ? "The node's clock may be off by more than a second."
            : clock.Offset.Duration() > MostOffset ? "The node's clock is off by more than half a second and is being corrected." : null;
        return Task.FromResult(ProbeRound.Of([why is null
            ? ProbeResult.Healthy("time.unsynced", Subject.Node, evidence)
            : ProbeResult.Problem("time.unsynced", Subject.Node, Severity.Degraded, Cause.Host, SuggestedAction.Observe, why, evidence)]));
    }

    /// <summary>Which services seem to be there, by what they leave in the run folder.</summary>
    private string Services()
    {
        (string Path, string Says)[] hints =
        [
            ("chrony/chronyd.pid", "chronyd runs"), ("chronyd.pid", "chronyd runs"), ("ntpd.pid", "ntpd runs"), ("ntpsec/ntpd.pid", "ntpd runs"),
            ("systemd/timesync/synchronized", "timesyncd has synchronized since the boot"),
        ];
        var found = hints.Where(hint => File.Exists(Path.Combine(parts.Host.Run, hint.Path))).Select(hint => hint.Says).Distinct().ToList();
        return found.Count > 0 ? $"; {string.Join(", ", found)}" : "; no chronyd, ntpd or timesyncd was seen";
    }
}
