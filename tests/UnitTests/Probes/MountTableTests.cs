using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Linux.Files;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Probes;

public sealed class MountTableTests
{
    private static ImmutableArray<Mount> Parse(string text) => MountTable.Parse(Encoding.UTF8.GetBytes(text), _ => true);

    private static ImmutableArray<RemoteMount> Remote(string text) => RemoteMounts.Find(MountTable.Parse(Encoding.UTF8.GetBytes(text), RemoteMounts.IsRemoteType));

    [Fact]
    public void Reads_a_line_with_all_its_parts()
    {
        var mount = Parse("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:3 - ext3 /dev/root rw,errors=continue\n").Single();

        Assert.Equal(new Mount(36, 35, 98, 0, "/mnt1", "/mnt2", "rw,noatime", "ext3", "/dev/root", "rw,errors=continue"), mount);
    }

    [Theory]
    [InlineData(@"/with\040blank", "/with blank")]
    [InlineData(@"/tab\011line\012back\134slash", "/tab\tline\nback\\slash")]
    [InlineData(@"/a\0", @"/a\0")]
    [InlineData(@"/a\999", @"/a\999")]
    [InlineData(@"/文\040件", "/文 件")]
    public void Undoes_the_escapes_of_names(string written, string meant) =>
        Assert.Equal(meant, Parse($"1 0 0:1 / {written} rw - nfs a:/b rw").Single().Point);

    [Theory]
    [InlineData("")]
    [InlineData(" - ")]
    [InlineData("1 0 0:1 / /x rw - ")]
    [InlineData("1 0 01 / /x rw - nfs a rw")]
    [InlineData("x 0 0:1 / /x rw - nfs a rw")]
    [InlineData("1 0 0:1 / relative rw - nfs a rw")]
    [InlineData("99999999999 0 0:1 / /x rw - nfs a rw")]
    public void A_line_that_is_none_is_left_out(string line) => Assert.Equal("/good", Parse($"{line}\n2 0 0:2 / /good rw - nfs a:/b rw\n").Single().Point);

    [Fact]
    public void Whatever_stands_there_nothing_is_thrown() => Prop.ForAll<string>(text => Parse(text ?? "").Length >= 0).QuickCheckThrowOnFailure();

    [Fact]
    public void A_file_system_is_asked_once_however_often_it_is_mounted_and_by_its_own_root()
    {
        var mount = Remote("""
            50 1 0:47 /sub /var/lib/kubelet/pods/1/volumes/kubernetes.io~nfs/data rw - nfs4 nas-7:/export rw,addr=10.0.0.7
            51 1 0:47 / /mnt/data rw - nfs4 nas-7:/export rw,addr=10.0.0.7
            52 1 0:47 / /mnt/data-again rw - nfs4 nas-7:/export rw,addr=10.0.0.7
            """).Single();

        Assert.Equal(("mount.nfs", "/mnt/data", new Subject(SubjectKind.Mount, "nas-7")), (mount.ProblemId, mount.Point, mount.On));
        Assert.Equal(3, mount.Points.Length);
    }

    [Fact]
    public void What_is_covered_by_another_mount_or_belongs_to_a_container_is_left_out()
    {
        var mounts = Remote("""
            50 1 0:47 / /mnt/data rw - nfs4 nas-7:/export rw
            51 50 0:48 / /mnt/data rw - ceph 10.0.0.1:6789:/ rw
            52 1 0:49 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/x/rootfs/in rw - fuse.s3fs s3 rw
            53 1 0:50 / /mnt/auto rw - autofs systemd-1 rw
            54 1 8:1 / / rw - ext4 /dev/sda1 rw
            55 1 0:51 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
            56 1 0:52 / /sys/fs/fuse/connections rw - fusectl fusectl rw
            57 1 8:2 / /win rw - fuseblk /dev/sda2 rw
            """);

        Assert.Equal(("mount.ceph", "/mnt/data"), (mounts.Single().ProblemId, mounts.Single().Point));
    }

    [Theory]
    [InlineData("fuse.juicefs", "JuiceFS:vol", "mount.fuse")]
    [InlineData("fuse.goosefs-fuse", "goosefs", "mount.fuse")]
    [InlineData("fuse.alluxio-fuse", "alluxio", "mount.fuse")]
    [InlineData("fuse.glusterfs", "g1:/vol", "mount.fuse")]
    [InlineData("fuse.fuse_dfs", "fuse_dfs", "mount.fuse")]
    [InlineData("fuse", "x", "mount.fuse")]
    [InlineData("lustre", "10.0.0.4@tcp:/scratch", "mount.lustre")]
    [InlineData("gpfs", "gpfs0", "mount.remote")]
    [InlineData("beegfs", "beegfs_nodev", "mount.remote")]
    [InlineData("cifs", "//srv/share", "mount.remote")]
    public void Knows_the_kinds_of_remote_file_systems(string type, string source, string id)
    {
        var mount = Remote($"50 1 0:47 / /data rw - {type} {source} rw").Single();

        Assert.Equal((id, new Subject(SubjectKind.Mount, "/data")), (mount.ProblemId, mount.On));
    }

    [Theory]
    [InlineData("nas-7:/export", "nas-7")]
    [InlineData("[fe80::1]:/x", "fe80::1")]
    [InlineData("10.0.0.1:/a:/b", "10.0.0.1")]
    [InlineData("nonsense", "")]
    public void Names_an_nfs_server_as_the_kernels_log_does(string source, string server) => Assert.Equal(server, RemoteMounts.ServerOf(source));
}
