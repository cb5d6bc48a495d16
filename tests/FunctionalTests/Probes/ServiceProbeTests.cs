using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Services;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Grpc;
using AIInfra.Kubernetes.Probes;
using AIInfra.Kubernetes.Protos.Cri.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Probes;

/// <summary>The probes of services against real sockets: peers that answer, refuse and hang.</summary>
public sealed class ServiceProbeTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("svc-");
    private readonly ProbeChildren _children = new(new VendorHostLauncher("/bin/false", []), TimeProvider.System);

    public void Dispose()
    {
        _children.Dispose();
        _folder.Delete(recursive: true);
    }

    private string Combine(string path) => Path.Combine(_folder.FullName, path);

    private void Write(string path, string text = "")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Combine(path))!);
        File.WriteAllText(Combine(path), text);
    }

    private ProbeParts Parts => new() { Host = new HostPaths { Root = _folder.FullName }, Time = TimeProvider.System, Children = _children, KubeletRoots = [Combine("kubelet")] };

    private static async Task<ProbeRound> LookAsync(Probe probe) => await probe.LookAsync(TestContext.Current.CancellationToken).WaitAsync(Bound);

    private Task<ProbeRound> LookAsync(ProbeDefinition definition) => LookAsync(definition.Create(Parts));

    private async Task<ProbeResult> OneAsync(ProbeDefinition definition) => Assert.Single((await LookAsync(definition)).Results);

    [Fact]
    public async Task The_kubelet_is_found_by_its_configuration_and_asked_on_its_port()
    {
        Assert.NotNull((await LookAsync(KubeletProbe.Definition)).NotHere);
        using var kubelet = HttpPeer.OnTcp(200);
        Write("kubelet/config.yaml", $"kind: KubeletConfiguration\nhealthzBindAddress: 127.0.0.1\nhealthzPort: {kubelet.Port}\n");

        var well = await OneAsync(KubeletProbe.Definition);
        Assert.Equal(ProbeAnswer.Healthy, well.Answer);
        Assert.Contains("found by", well.Evidence, StringComparison.Ordinal);
        Assert.Equal(["GET /healthz HTTP/1.1"], kubelet.Asked);

        kubelet.Status = 500;
        Assert.Equal((ProbeAnswer.Problem, Severity.Fatal), await OneAsync(KubeletProbe.Definition) is var bad ? (bad.Answer, bad.Severity) : default);

        kubelet.Status = null; // it takes the connection and says nothing
        Assert.Contains("no answer within 5 s", (await OneAsync(KubeletProbe.Definition)).Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_only_device_plugins_use_is_no_kubelet()
    {
        Write("kubelet/device-plugins/kubelet.sock");

        Assert.NotNull((await LookAsync(KubeletProbe.Definition)).NotHere);
    }

    [Fact]
    public async Task Docker_answers_hangs_and_is_missing_although_it_is_enabled()
    {
        using (var docker = HttpPeer.OnUnixSocket(Combine("run/docker.sock"), 200))
        {
            Assert.Equal(ProbeAnswer.Healthy, (await OneAsync(DockerProbe.Definition)).Answer);
            docker.Status = null;
            Assert.Contains("no answer within 10 s", (await OneAsync(DockerProbe.Definition)).Evidence, StringComparison.Ordinal);
        }
        Write("run/docker.sock"); // left behind: nobody listens
        Assert.Contains("refused", (await OneAsync(DockerProbe.Definition)).Evidence, StringComparison.OrdinalIgnoreCase);
        File.Delete(Combine("run/docker.sock"));
        Assert.NotNull((await LookAsync(DockerProbe.Definition)).NotHere);
        Directory.CreateDirectory(Combine("etc/systemd/system/multi-user.target.wants"));
        File.CreateSymbolicLink(Combine("etc/systemd/system/multi-user.target.wants/docker.service"), "/lib/systemd/system/docker.service");

        Assert.Contains("docker.service, which is enabled", (await OneAsync(DockerProbe.Definition)).Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runtime_says_whether_it_is_ready_and_whether_pods_have_a_network()
    {
        var network = new RuntimeCondition { Type = "NetworkReady", Status = false, Reason = "NetworkPluginNotReady", Message = "cni plugin not initialized" };
        var answer = new StatusResponse { Status = new RuntimeStatus { Conditions = { new RuntimeCondition { Type = "RuntimeReady", Status = true }, network } } };
        Directory.CreateDirectory(Combine("run/containerd"));
        var method = new GrpcMethod<StatusRequest, StatusResponse>("/runtime.v1.RuntimeService/Status", StatusRequest.Parser, StatusResponse.Parser);
        await using (await GrpcServer.StartAsync(new GrpcServerOptions { SocketPath = Combine("run/containerd/containerd.sock") },
            new GrpcServiceTable().Unary(method, (_, _) => Task.FromResult(answer)), TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken))
        {
            var bad = Assert.Single((await LookAsync(CriProbe.Definition)).Results, result => result.Answer == ProbeAnswer.Problem);
            Assert.Equal(("cni.not-ready", Subject.Node), (bad.ProblemId, bad.Subject));
            Assert.Contains("cni plugin not initialized", bad.Evidence, StringComparison.Ordinal);

            network.Status = true;
            Assert.All((await LookAsync(CriProbe.Definition)).Results, result => Assert.Equal(ProbeAnswer.Healthy, result.Answer));
        }
    }

    [Fact]
    public async Task A_runtime_that_hangs_is_told_in_time_and_holds_nothing()
    {
        using var hung = HttpPeer.OnUnixSocket(Combine("run/crio/crio.sock"), null);

        var bad = await OneAsync(CriProbe.Definition);

        Assert.Equal(("runtime.unhealthy", "unit crio", Severity.Fatal), (bad.ProblemId, bad.Subject.ToString(), bad.Severity));
    }

    [Fact]
    public async Task The_pods_network_needs_a_configuration_and_its_agent()
    {
        Write("kubelet/config.yaml");
        Assert.Equal("cni.no-config", (await OneAsync(CniProbe.Definition)).ProblemId);
        Write("etc/cni/net.d/10-flannel.conflist", "{ not json");
        Assert.Contains("not JSON", (await LookAsync(CniProbe.Definition)).Results[0].Evidence, StringComparison.Ordinal);

        Write("etc/cni/net.d/10-flannel.conflist", "{}");
        Write("run/flannel/subnet.env", "FLANNEL_NETWORK=10.244.0.0/16");
        Write("sys/class/net/flannel.1/operstate", "unknown\n");
        Assert.All((await LookAsync(CniProbe.Definition)).Results, result => Assert.Equal(ProbeAnswer.Healthy, result.Answer));

        Write("sys/class/net/flannel.1/operstate", "down\n");
        Write("etc/cni/net.d/05-cilium.conflist", "{}");
        using var cilium = HttpPeer.OnUnixSocket(Combine("run/cilium/cilium.sock"), 503);
        var bad = (await LookAsync(CniProbe.Definition)).Results.Where(result => result.Answer == ProbeAnswer.Problem).Select(result => result.Subject.Id);
        Assert.Equal(["cilium-agent", "flanneld"], bad);
    }

    [Fact]
    public async Task Each_name_server_is_asked_by_itself()
    {
        using var server = new DnsPeer(0);
        Write("kubelet/config.yaml", "clusterDNS:\n- 127.0.0.1\nclusterDomain: cluster.local\n");
        var probe = new DnsProbe(Parts) { ServerPort = server.Port };

        Assert.Equal(ProbeAnswer.Healthy, Assert.Single((await LookAsync(probe)).Results).Answer);
        Assert.Contains("kubernetes", Assert.Single(server.Asked), StringComparison.Ordinal);

        server.Code = 2; // SERVFAIL
        Assert.Contains("answers that it failed", Assert.Single((await LookAsync(probe)).Results).Message, StringComparison.Ordinal);

        server.Code = null;
        Assert.Contains("no answer within 2 s, 2 times", Assert.Single((await LookAsync(probe)).Results).Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_nodes_own_servers_come_from_its_resolv_conf_also_where_that_is_a_link()
    {
        using var server = new DnsPeer(5); // REFUSED is an answer
        Write("run/systemd/resolve/stub-resolv.conf", "# made\nnameserver 127.0.0.1\nnameserver nonsense\n");
        Directory.CreateDirectory(Combine("etc"));
        File.CreateSymbolicLink(Combine("etc/resolv.conf"), "../run/systemd/resolve/stub-resolv.conf");

        var results = (await LookAsync(new DnsProbe(Parts) { ServerPort = server.Port })).Results;

        Assert.Equal([("dns 127.0.0.1", ProbeAnswer.Healthy), ("dns nonsense", ProbeAnswer.Problem)], results.Select(result => (result.Subject.Id, result.Answer)));
    }

    [Fact]
    public async Task Mirrors_are_asked_where_runtimes_are_told_of_them_and_Dragonfly_by_its_socket()
    {
        Assert.NotNull((await LookAsync(ImageProbe.Definition)).NotHere);
        using var harbor = HttpPeer.OnTcp(401); // wants a login: it is there
        using var broken = HttpPeer.OnTcp(502);
        Write("etc/containerd/certs.d/docker.io/hosts.toml", $"server = \"https://registry-1.docker.io\"\n\n[host.\"http://127.0.0.1:{harbor.Port}\"]\n  capabilities = [\"pull\"]\n");
        Write("etc/docker/daemon.json", $"{{ \"registry-mirrors\": [\"http://user:secret@127.0.0.1:{broken.Port}/\"] }}");
        Write("etc/dragonfly/dfdaemon.yaml");

        var results = (await LookAsync(ImageProbe.Definition)).Results;

        Assert.Equal([ProbeAnswer.Healthy, ProbeAnswer.Problem, ProbeAnswer.Problem], results.Select(result => result.Answer));
        Assert.Equal(["GET /v2/ HTTP/1.1"], harbor.Asked);
        Assert.DoesNotContain("secret", string.Concat(results.Select(result => result.Evidence + result.Subject)), StringComparison.Ordinal);
        using var dragonfly = HttpPeer.OnUnixSocket(Combine("run/dragonfly/dfdaemon.sock"), null);
        Assert.Equal(ProbeAnswer.Healthy, (await LookAsync(ImageProbe.Definition)).Results[^1].Answer);
    }
}
