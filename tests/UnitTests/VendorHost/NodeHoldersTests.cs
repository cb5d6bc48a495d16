using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;

namespace AIInfra.UnitTests.VendorHost;

/// <summary>A /proc of a test's own: who holds the nodes of a vendor.</summary>
public sealed class NodeHoldersTests : IDisposable
{
    private static readonly VendorRelease Release = new("acme", DateTimeOffset.UnixEpoch);
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("proc-");

    public void Dispose() => _root.Delete(recursive: true);

    private void Process(int id, int parent, string name, string[] words, params string[] open)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root.FullName, "proc", $"{id}", "fd")).Parent!.FullName;
        File.WriteAllText(Path.Combine(folder, "stat"), $"{id} ({name}) S {parent} {id} {id} 0 -1");
        File.WriteAllText(Path.Combine(folder, "cmdline"), string.Join('\0', words) + '\0');
        for (var number = 0; number < open.Length; number++)
            File.CreateSymbolicLink(Path.Combine(folder, "fd", $"{number}"), open[number]);
    }

    private ReleaseProof Find()
    {
        var host = new HostPaths { Root = _root.FullName };
        if (!Path.Exists(Path.Combine(host.Proc, "self")))
            File.CreateSymbolicLink(Path.Combine(host.Proc, "self"), "100");
        return new NodeHolders(host, "acme", ["acme"], ["card7"]).Find(Release);
    }

    [Fact]
    public void The_agent_all_that_it_started_and_what_an_older_agent_left_are_ours()
    {
        Process(100, 1, "aiinfra-agent", ["aiinfra-agent", "run"], "/dev/null", "/dev/acme0");
        Process(101, 100, "aiinfra-agent", ["/proc/self/exe", "vendor-host", "acme"], "/dev/acmectl");
        Process(102, 101, "tool", ["tool"], "/dev/card7", "/dev/card7");
        Process(50, 1, "aiinfra-agent", ["/proc/self/exe", "vendor-host", "acme"], "/dev/acme1");
        Process(51, 1, "aiinfra-agent", ["/proc/self/exe", "vendor-host", "other"], "/dev/acme1");

        var proof = Find();

        Assert.Equal([(50, "/dev/acme1"), (100, "/dev/acme0"), (101, "/dev/acmectl"), (102, "/dev/card7")], proof.Ours.OrderBy(holder => holder.ProcessId).Select(holder => (holder.ProcessId, holder.Node)));
        Assert.Equal([51], proof.Others.Select(holder => holder.ProcessId));
    }

    [Fact]
    public void Others_are_named_and_what_is_no_node_of_the_vendor_is_not()
    {
        Process(100, 1, "aiinfra-agent", ["aiinfra-agent", "run"], "/dev/null", "socket:[1]", "/dev/card70", "/var/dev/acme0");
        Process(200, 1, "python3) S 100 (", ["python3"], "/dev/acme-caps/cap1", Path.Combine(_root.FullName, "dev/acme3"));

        var proof = Find();

        Assert.Empty(proof.Ours);
        Assert.Equal(["python3) S 100 (", "python3) S 100 ("], proof.Others.Select(holder => holder.Program));
    }

    [Fact]
    public void A_process_that_ends_meanwhile_holds_nothing()
    {
        Process(100, 1, "aiinfra-agent", ["aiinfra-agent", "run"]);
        Directory.CreateDirectory(Path.Combine(_root.FullName, "proc/300"));
        Process(301, 1, "x", ["x"]);
        Directory.Delete(Path.Combine(_root.FullName, "proc/301/fd"));

        Assert.Equal((0, 0, 0), (Find().Ours.Length, Find().Others.Length, Find().Unseen));
    }
}
