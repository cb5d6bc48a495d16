using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>Asks every remote file system whether it answers, in a process that may hang, and never touches one itself.</summary>
internal sealed class MountProbe(ProbeParts parts) : Probe
{
    private const int MostMounts = 256;

    /// <summary>Error numbers that say the other side is gone; any other is an answer.</summary>
    private static readonly Dictionary<int, string> Gone = new()
    {
        [5] = "reports an input/output error",
        [107] = "has lost the program or server behind it", // ENOTCONN
        [108] = "is cut off: this node was thrown out, or its connection was ended", // ESHUTDOWN
        [110] = "did not answer in time", // ETIMEDOUT
        [111] = "refuses the connection", // ECONNREFUSED
        [112] = "has a server that is down", // EHOSTDOWN
        [113] = "has a server that cannot be reached", // EHOSTUNREACH
        [116] = "is stale: the server no longer knows it", // ESTALE
        [121] = "reports an error of the remote side", // EREMOTEIO
        [103] = "had its connection ended", // ECONNABORTED
    };

    private readonly FileBytes _files = new();
    private readonly MountEvidence _evidence = new(parts.Host);

    public static ProbeDefinition Definition { get; } = new(
        "mounts", "Remote file systems that do not answer: NFS, Ceph, Lustre, FUSE (JuiceFS, GlusterFS, HDFS, GooseFS) and others.", TimeSpan.FromSeconds(90), parts => new MountProbe(parts))
    {
        Problems = ["mount.nfs", "mount.ceph", "mount.lustre", "mount.fuse", "mount.remote"],
        Deadline = TimeSpan.FromMinutes(2),
        Limits = [new ProbeLimit("timeoutSeconds", 1, 60, 5, "Seconds that a file system may take to answer.")],
    };

    public override async Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var table = _files.Read(Path.Combine(parts.Host.Proc, "1/mountinfo"));
        if (table.IsEmpty)
            table = _files.Read(Path.Combine(parts.Host.Proc, "self/mountinfo"));
        var mounts = RemoteMounts.Find(MountTable.Parse(table, RemoteMounts.IsRemoteType));
        if (mounts.IsEmpty)
            return ProbeRound.Nothing("no remote file system is mounted");
        var asked = mounts.Take(MostMounts).ToDictionary(mount => Here(mount.Point), StringComparer.Ordinal);
        var replies = await parts.Children.AskAsync(ProbeChecks.Mount, [.. asked.Keys], TimeSpan.FromSeconds(parts.Limits["timeoutSeconds"]), cancellationToken);
        var evidence = replies.Any(reply => reply.Answer is ChildAnswer.Late or ChildAnswer.Stuck) ? _evidence : null;
        var results = replies.Select(reply => Judge(asked[reply.Target], reply, evidence)).Concat(mounts.Skip(MostMounts).Select(TooMany));
        return ProbeRound.Of(results.GroupBy(result => (result.ProblemId, result.Subject)).Select(Join));
    }

    /// <summary>A path of the host here. Nothing is followed: that would touch the mount.</summary>
    private string Here(string point) => parts.Host.Root == "/" ? point : parts.Host.Root.TrimEnd('/') + point;

    private static ProbeResult Judge(RemoteMount mount, ChildReply reply, MountEvidence? passive)
    {
        var name = $"{mount.Mount.Type} {mount.Mount.Source} on {string.Join(", ", mount.Points.Take(3))}{(mount.Points.Length > 3 ? $" and {mount.Points.Length - 3} more" : "")}";
        switch (reply.Answer)
        {
            case ChildAnswer.Late or ChildAnswer.Stuck:
                return Bad(mount, "does not answer; programs that use it wait", $"{name}: {reply.Text}{passive?.Of(mount.Mount)}");
            case ChildAnswer.Refused:
                return ProbeResult.Unknown(mount.ProblemId, mount.On, $"{name}: {reply.Text}");
        }
        if (reply.Text.Split(' ', 3) is ["error", var number, var text])
        {
            return int.TryParse(number, out var error) && Gone.TryGetValue(error, out var says)
                ? Bad(mount, says, $"{name}: statfs: {text} ({number})")
                : ProbeResult.Healthy(mount.ProblemId, mount.On, $"{name} answers: {text}");
        }
        return reply.Text.StartsWith("ok", StringComparison.Ordinal)
            ? ProbeResult.Healthy(mount.ProblemId, mount.On, $"{name} answered in {reply.Took.TotalMilliseconds:0.#} ms")
            : ProbeResult.Unknown(mount.ProblemId, mount.On, $"{name}: {reply.Text}");
    }

    private static ProbeResult Bad(RemoteMount mount, string says, string evidence) => ProbeResult.Problem(
        mount.ProblemId, mount.On, Severity.Degraded, Cause.Host, mount.ProblemId == "mount.fuse" ? SuggestedAction.RestartService : SuggestedAction.Observe,
        $"The remote file system {(mount.On.Id == mount.Point ? $"on {mount.Point}" : $"of {mount.On.Id}, mounted on {mount.Point},")} {says}.", evidence);

    private static ProbeResult TooMany(RemoteMount mount) => ProbeResult.Unknown(mount.ProblemId, mount.On, $"more than {MostMounts} remote file systems are mounted; this one is not asked");

    /// <summary>Several mounts of one server are one subject: the worst counts, and the evidence names all of them that are bad.</summary>
    private static ProbeResult Join(IEnumerable<ProbeResult> same)
    {
        var all = same.ToList();
        var bad = all.Where(result => result.Answer == ProbeAnswer.Problem).ToList();
        return bad.Count > 0 ? bad[0] with { Evidence = string.Join("; ", bad.Select(result => result.Evidence)) }
            : all.Find(result => result.Answer == ProbeAnswer.Unknown) ?? all[0];
    }
}
