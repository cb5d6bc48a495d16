using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

public sealed class BounceLinkTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("links-");
    private readonly ManualTime _time = new();
    private readonly BounceLink _bounce;

    public BounceLinkTests()
    {
        _bounce = new BounceLink(new HostHands(new HostPaths { Root = _root.FullName }, isUnderTest: true), _time);
        Directory.CreateDirectory(Path.Combine(_root.FullName, "run"));
        Write("sys/class/infiniband/mlx5_0/ports/1/link_layer", "Ethernet\n");
        Directory.CreateDirectory(Path.Combine(_root.FullName, "sys/class/infiniband/mlx5_0/device/net/eth2"));
        Write("sys/class/net/eth2/flags", "0x1003\n");
        Write("proc/1/net/route", "Iface\tDestination\tGateway\nbond0\t00000000\t0101A8C0\neth2\t0001A8C0\t00000000\n");
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Delete(recursive: true);

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_root.FullName, path))!);
        File.WriteAllText(Path.Combine(_root.FullName, path), text);
    }

    private string Flags => File.ReadAllText(Path.Combine(_root.FullName, "sys/class/net/eth2/flags"))[..6];

    private static ActionStep Step(string port = "mlx5_0: Port: 1") => new()
    {
        Id = "step-1",
        Operation = "operation-1",
        Action = "bounce-link",
        Arguments = [],
        Subject = new Subject(SubjectKind.Port, port),
        ProblemId = "rdma.link-flapping",
        Deadline = TimeSpan.FromMinutes(1),
        BootId = "boot-1",
        Proof = new ActionProof(ProofKind.Level, "up"),
    };

    [Fact]
    public async Task The_interface_of_the_port_is_taken_down_and_up_again()
    {
        Assert.Equal(["eth2"], (await _bounce.PrepareAsync(Step(), Stop)).Victims);

        var running = _bounce.RunAsync(Step(), Stop);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(3));
        Assert.Equal("0x1002", Flags);
        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(ActionOutcome.Done, (await running).Outcome);
        Assert.Equal("0x1003", Flags);
    }

    [Fact]
    public async Task One_that_was_left_down_by_a_crash_or_a_lost_grant_is_brought_up()
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = _bounce.RunAsync(Step(), lost.Token);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(3));
        await lost.CancelAsync();
        await running;
        Assert.Equal("0x1003", Flags);
        Assert.Equal(ActionOutcome.Failed, (await _bounce.ResolveAsync(Step(), Stop)).Outcome);

        Write("sys/class/net/eth2/flags", "0x1002\n");
        Assert.Equal(ActionOutcome.Done, (await _bounce.ResolveAsync(Step(), Stop)).Outcome);
        Assert.Equal("0x1003", Flags);
    }

    [Theory]
    [InlineData("route", "default route")]
    [InlineData("route6", "default route")]
    [InlineData("master", "default route")]
    [InlineData("no-route", "cannot be read by which interface")]
    [InlineData("infiniband", "not of Ethernet")]
    [InlineData("down", "whoever took it down")]
    [InlineData("none", "no network interface")]
    [InlineData("port", "no port of an RDMA device")]
    public async Task What_would_cut_the_node_off_or_is_no_such_link_is_not_touched(string kind, string says)
    {
        switch (kind)
        {
            case "route":
                Write("proc/1/net/route", "Iface\tDestination\neth2\t00000000\n");
                break;
            case "route6":
                Write("proc/1/net/ipv6_route", $"{new string('0', 32)} 00 {new string('0', 32)} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth2\n");
                break;
            case "master":
                Directory.CreateDirectory(Path.Combine(_root.FullName, "sys/class/net/bond0"));
                Directory.CreateSymbolicLink(Path.Combine(_root.FullName, "sys/class/net/eth2/master"), "../bond0");
                break;
            case "no-route":
                File.Delete(Path.Combine(_root.FullName, "proc/1/net/route"));
                break;
            case "infiniband":
                Write("sys/class/infiniband/mlx5_0/ports/1/link_layer", "InfiniBand\n");
                break;
            case "down":
                Write("sys/class/net/eth2/flags", "0x1002\n");
                break;
            case "none":
                Directory.Delete(Path.Combine(_root.FullName, "sys/class/infiniband/mlx5_0/device/net/eth2"));
                break;
        }

        var look = await _bounce.PrepareAsync(Step(kind == "port" ? "eth2" : "mlx5_0: Port: 1"), Stop);

        Assert.Contains(says, look.WhyNot, StringComparison.Ordinal);
    }
}
