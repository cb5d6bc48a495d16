using System.Globalization;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>What the kernel has only so many of: process ids, open files, tracked connections, and the processes that the kubelet and the container runtime may start.</summary>
internal sealed class LimitProbe(ProbeParts parts) : Probe
{
    private static readonly string[] Units = ["kubelet.service", "containerd.service", "docker.service", "crio.service"];

    private readonly FileBytes _files = new();

    public static ProbeDefinition Definition { get; } = new(
        "limits", "Process ids, open files and tracked connections against what the kernel allows.", TimeSpan.FromMinutes(1), parts => new LimitProbe(parts))
    {
        Problems = ["kernel.pids", "kernel.file-max", "net.conntrack-full"],
        Limits =
        [
            new ProbeLimit("degradedPercent", 10, 100, 80, "Used share, in percent, from which the node is degraded."),
            new ProbeLimit("fatalPercent", 10, 100, 95, "The same from which it is fatal."),
        ],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var results = new List<ProbeResult>();
        if (Tasks() is { } tasks && Least(Proc("sys/kernel/pid_max"), Proc("sys/kernel/threads-max")) is { } most)
            Add("kernel.pids", Subject.Node, "processes and threads", "The node", tasks, most, Severity.Fatal);
        foreach (var unit in Units)
        {
            var folder = Path.Combine(parts.Host.Sys, "fs/cgroup/system.slice", unit);
            if (_files.Number(Path.Combine(folder, "pids.current")) is { } current && _files.Number(Path.Combine(folder, "pids.max")) is > 0 and { } max)
                Add("kernel.pids", new Subject(SubjectKind.Unit, unit), "processes and threads", unit, current, max, Severity.Fatal);
        }
        if (_files.Text(Path.Combine(parts.Host.Proc, "sys/fs/file-nr")).Split('\t', ' ') is [var allocated, .., var all]
            && long.TryParse(allocated, NumberStyles.None, CultureInfo.InvariantCulture, out var open) && long.TryParse(all, NumberStyles.None, CultureInfo.InvariantCulture, out var files) && files > 0)
            Add("kernel.file-max", Subject.Node, "open files", "The node", open, files, Severity.Fatal);
        if (Proc("sys/net/netfilter/nf_conntrack_count") is { } connections && Proc("sys/net/netfilter/nf_conntrack_max") is > 0 and { } table)
            Add("net.conntrack-full", Subject.Node, "tracked connections", "The node", connections, table, Severity.Degraded);
        return Task.FromResult(ProbeRound.Of(results));

        void Add(string id, Subject subject, string what, string who, long used, long allowed, Severity worst)
        {
            var percent = 100.0 * used / allowed;
            var evidence = string.Create(CultureInfo.InvariantCulture, $"{used} {what} of {allowed} allowed, {percent:0.#} %");
            results.Add(percent < Math.Min(parts.Limits["degradedPercent"], parts.Limits["fatalPercent"]) ? ProbeResult.Healthy(id, subject, evidence)
                : ProbeResult.Problem(
                    id, subject, percent >= parts.Limits["fatalPercent"] ? worst : Severity.Degraded, Cause.Host,
                    percent >= parts.Limits["fatalPercent"] && worst == Severity.Fatal ? SuggestedAction.Drain : SuggestedAction.Observe,
                    $"{who} has used most of the {what} that it may have.", evidence));
        }
    }

    private long? Proc(string name) => _files.Number(Path.Combine(parts.Host.Proc, name));

    private static long? Least(long? one, long? other) => (one, other) switch
    {
        ( > 0, > 0) => Math.Min(one.Value, other.Value),
        ( > 0, _) => one,
        _ => other > 0 ? other : null,
    };

    /// <summary>Of <c>0.20 0.18 0.12 1/80 11206</c>: all there are, see proc_loadavg(5).</summary>
    private long? Tasks() => _files.Text(Path.Combine(parts.Host.Proc, "loadavg")).Split(' ') is [_, _, _, var counts, ..] && counts.Split('/') is [_, var total]
        && long.TryParse(total, NumberStyles.None, CultureInfo.InvariantCulture, out var tasks) ? tasks : null;
}
