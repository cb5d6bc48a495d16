using System.Collections.Immutable;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>A remote file system that is mounted, once however often.</summary>
/// <param name="ProblemId">See <c>problems.md</c>: by the kind of file system.</param>
/// <param name="On">What a problem of it is on: for NFS the server, as the kernel's log names it; else the place where it is mounted.</param>
/// <param name="Points">Where it is mounted, the one to ask first.</param>
internal sealed record RemoteMount(string ProblemId, Subject On, Mount Mount, ImmutableArray<string> Points)
{
    public string Point => Points[0];
}

/// <summary>Finds what is remote in the table of mounts: NFS, Ceph, Lustre and other parallel file systems, and all that a program serves by FUSE
/// (JuiceFS, GooseFS, Alluxio, GlusterFS, HDFS, S3, and what Fluid mounts of them).</summary>
internal static class RemoteMounts
{
    private static readonly string[] Others = ["beegfs", "gpfs", "cifs", "smb3", "smbfs", "9p", "afs", "glusterfs", "orangefs", "pvfs2", "panfs", "wekafs", "virtiofs", "gfs2", "ocfs2", "cpfs", "yrfs"];

    /// <summary>FUSE file systems that are local and served to one user, or by the system itself for its own ends.</summary>
    private static readonly string[] LocalFuse = ["fuse.gvfsd-fuse", "fuse.portal", "fuse.snapfuse", "fuse.vmware-vmblock", "fuse.squashfuse", "fuse.fuse-overlayfs"];

    /// <summary>Where container runtimes mount what is the container's own.</summary>
    private static readonly string[] Inside = ["/run/containerd/", "/var/lib/containerd/", "/var/lib/docker/", "/var/lib/containers/", "/run/k3s/containerd/", "/proc/", "/var/lib/kubelet/containers/"];

    public static bool IsRemoteType(ReadOnlySpan<byte> type) => type.StartsWith("fuse"u8) || type.StartsWith("nfs"u8) || type.SequenceEqual("ceph"u8) || type.SequenceEqual("lustre"u8)
        || IdOf(System.Text.Encoding.UTF8.GetString(type)) is not null;

    /// <summary>One entry for each file system, by its device number; what is covered by another mount is not reached and left out.</summary>
    public static ImmutableArray<RemoteMount> Find(ImmutableArray<Mount> mounts) =>
    [
        .. mounts.Where(mount => IdOf(mount.Type) is not null && !IsInsideContainer(mount.Point))
            .GroupBy(mount => mount.Point).Select(same => same.Last())
            .GroupBy(mount => (mount.Major, mount.Minor))
            .Select(same => same.OrderBy(mount => mount.Root.Length).ThenBy(mount => mount.Point.Length).ThenBy(mount => mount.Point, StringComparer.Ordinal).ToImmutableArray())
            .Select(same => new RemoteMount(IdOf(same[0].Type)!, SubjectOf(same[0]), same[0], [.. same.Select(mount => mount.Point)])),
    ];

    public static bool IsInsideContainer(string point) => Inside.Any(folder => point.StartsWith(folder, StringComparison.Ordinal));

    private static string? IdOf(string type) => type switch
    {
        "nfs" or "nfs4" => "mount.nfs",
        "ceph" => "mount.ceph",
        "lustre" => "mount.lustre",
        "fuse" => "mount.fuse",
        ['f', 'u', 's', 'e', '.', ..] => LocalFuse.Contains(type) ? null : "mount.fuse",
        _ => Others.Contains(type) ? "mount.remote" : null,
    };

    private static Subject SubjectOf(Mount mount) => new(SubjectKind.Mount, mount.Type is "nfs" or "nfs4" && ServerOf(mount.Source) is { Length: > 0 } server ? server : mount.Point);

    /// <summary>Of <c>nas-7:/export</c>, <c>10.0.0.1:/x</c> or <c>[fe80::1]:/x</c>.</summary>
    internal static string ServerOf(string source) => source.IndexOf(":/", StringComparison.Ordinal) is > 0 and var end ? source[..end].Trim('[', ']') : "";
}
