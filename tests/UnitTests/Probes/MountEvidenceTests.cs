using AIInfra.Core.Health.Probes.Host;
using AIInfra.Linux.Files;

namespace AIInfra.UnitTests.Probes;

public sealed class MountEvidenceTests : IDisposable
{
    private readonly ProbeTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void Of_nfs_the_transport_and_who_waits_for_it()
    {
        _tree.Write("proc/1/mountstats", """
            device nas-6:/x mounted on /mnt/other with fstype nfs4 statvers=1.1
            	xprt:	tcp 0 0 9 0 5 700 700 0 1 0 2 0 0
            device nas-7:/export mounted on /mnt/data with fstype nfs4 statvers=1.1
            	xprt:	tcp 843 0 14 0 5 1200 1187 0 9 0 2 0 0

            """);
        _tree.Write("proc/4242/stat", "4242 (python3) D 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 100 1 1 1\n");
        _tree.Write("proc/4242/wchan", "rpc_wait_bit_killable");
        _tree.Write("proc/4243/stat", "4243 (dd) D 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 100 1 1 1\n");
        _tree.Write("proc/4243/wchan", "io_schedule");

        Assert.Equal("; transport: 14 connections, 1200 sent, 1187 received; waiting: python3 (4242) in rpc_wait_bit_killable",
            new MountEvidence(_tree.Parts.Host).Of(new Mount(1, 0, 0, 47, "/", "/mnt/data", "rw", "nfs4", "nas-7:/export", "rw")));
    }

    [Fact]
    public void Of_fuse_the_requests_that_wait_at_its_connection()
    {
        _tree.Write("sys/fs/fuse/connections/52/waiting", "7\n");

        Assert.Equal("; FUSE connection 52 has 7 requests waiting",
            new MountEvidence(_tree.Parts.Host).Of(new Mount(1, 0, 0, 52, "/", "/jfs", "rw", "fuse.juicefs", "JuiceFS:vol", "rw")));
    }
}
