using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>Local file systems: how full they are, and whether the kernel has made one read-only.</summary>
internal sealed class FileSystemProbe(ProbeParts parts) : Probe
{
    private static readonly string[] Types = ["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "ubifs", "overlay"];

    private readonly FileBytes _files = new();

    public static ProbeDefinition Definition { get; } = new(
        "filesystems", "Local file systems that are nearly full (space, inodes) or were made read-only by the kernel.", TimeSpan.FromMinutes(1), parts => new FileSystemProbe(parts))
    {
        Problems = ["fs.readonly", "fs.full", "fs.inodes"],
        Limits =
        [
            new ProbeLimit("degradedPercent", 50, 100, 90, "Used space or inodes, in percent, from which a file system is degraded."),
            new ProbeLimit("fatalPercent", 50, 100, 98, "The same from which it is fatal."),
        ],
    };

    public override Task<ProbeRound> LookAsync(CancellationToken cancellationToken)
    {
        var table = _files.Read(Path.Combine(parts.Host.Proc, "1/mountinfo"));
        if (table.IsEmpty)
            table = _files.Read(Path.Combine(parts.Host.Proc, "self/mountinfo"));
        var mounts = MountTable.Parse(table, type => Types.Contains(System.Text.Encoding.UTF8.GetString(type)));
        var results = new List<ProbeResult>();
        foreach (var mount in OncePerDevice(mounts))
        {
            AddReadOnly(mount, results);
            AddUse(mount, results);
        }
        return Task.FromResult(results.Count == 0 ? ProbeRound.Nothing("no local file system is mounted") : ProbeRound.Of(results));
    }

    /// <summary>Each device once, by its whole root where that is mounted; an overlay only as the root of all (a node that is itself a container).</summary>
    private static IEnumerable<Mount> OncePerDevice(ImmutableArray<Mount> mounts) => mounts
        .Where(mount => !RemoteMounts.IsInsideContainer(mount.Point) && (mount.Type != "overlay" || mount.Point == "/"))
        .GroupBy(mount => mount.Point).Select(same => same.Last())
        .GroupBy(mount => (mount.Major, mount.Minor))
        .Select(same => same.OrderBy(mount => mount.Root.Length).ThenBy(mount => mount.Point.Length).ThenBy(mount => mount.Point, StringComparer.Ordinal).First());

    /// <summary>Mounted to be written, and the file system as a whole is not: that is the kernel's doing. Who mounts read-only sets both.</summary>
    private void AddReadOnly(Mount mount, List<ProbeResult> results)
    {
        var subject = Subject.Device(DeviceOf(mount));
        var evidence = $"{mount.Point} ({mount.Type} on {mount.Source}): mounted {mount.Options}, file system {mount.SuperOptions}";
        var isBroken = (mount.IsFileSystemReadOnly && !mount.IsReadOnly) || mount.SuperOptions.Split(',').Any(option => option is "emergency_ro" or "shutdown");
        results.Add(isBroken
            ? ProbeResult.Problem("fs.readonly", subject, Severity.Fatal, Cause.Host, SuggestedAction.Drain,
                $"The file system on {mount.Point} was damaged or its disk failed, and the kernel let nobody write to it any more.", evidence)
            : ProbeResult.Healthy("fs.readonly", subject, evidence));
    }

    private void AddUse(Mount mount, List<ProbeResult> results)
    {
        var subject = new Subject(SubjectKind.Mount, mount.Point);
        var error = FileSystem.Ask(parts.Host.Root == "/" ? mount.Point : parts.Host.Root.TrimEnd('/') + mount.Point, out var use);
        if (error != 0)
        {
            results.Add(ProbeResult.Unknown("fs.full", subject, $"{mount.Point}: statfs: {FileSystem.Text(error)} ({error})"));
            return;
        }
        var holds = parts.KubeletRoots.FirstOrDefault(root => root == mount.Point || root.StartsWith(mount.Point.TrimEnd('/') + "/", StringComparison.Ordinal));
        var name = holds is null ? mount.Point : $"{mount.Point} (it holds {holds})";
        if (use.Blocks > 0)
            results.Add(Judge("fs.full", subject, name, "space", Used(use.Blocks, use.Available), $"{Gigabytes(use.BytesAvailable)} GB of {Gigabytes(use.Bytes)} GB are free"));
        if (use.Files > 0)
            results.Add(Judge("fs.inodes", subject, name, "inodes", Used(use.Files, use.FilesFree), FormattableString.Invariant($"{use.FilesFree} of {use.Files} inodes are free")));
    }

    private ProbeResult Judge(string id, Subject subject, string name, string what, double percent, string evidence)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{name}: {percent:0.#} % of its {what} used, {evidence}");
        if (percent < Math.Min(parts.Limits["degradedPercent"], parts.Limits["fatalPercent"]))
            return ProbeResult.Healthy(id, subject, text);
        var severity = percent >= parts.Limits["fatalPercent"] ? Severity.Fatal : Severity.Degraded;
        return ProbeResult.Problem(id, subject, severity, Cause.Host, SuggestedAction.Observe,
            $"The file system on {name} has {(severity == Severity.Fatal ? "almost no" : "few")} {what} left.", text);
    }

    /// <summary>As the kernel's log names it: <c>dm-0</c>, <c>nvme0n1p2</c>; the source where the device is no block device.</summary>
    private string DeviceOf(Mount mount)
    {
        try
        {
            var link = new FileInfo(Path.Combine(parts.Host.Sys, FormattableString.Invariant($"dev/block/{mount.Major}:{mount.Minor}"))).LinkTarget;
            return Path.GetFileName(link ?? mount.Source);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Path.GetFileName(mount.Source);
        }
    }

    private static double Used(long all, long free) => Math.Clamp(100.0 * (all - free) / all, 0, 100);

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.#", CultureInfo.InvariantCulture);
}
