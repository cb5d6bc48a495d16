using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>A simulated node beside a stand-in API server: what breaks is a node condition, and what the server refuses is in status and /readyz.</summary>
public sealed class ApiServerTests : IDisposable
{
    private const string Node = "simulated";

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly int _port = AgentProgram.FreePort();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_fault_of_a_GPU_is_a_condition_and_an_event_that_kubectl_describes()
    {
        await using var server = await ApiServerPeer.StartAsync("--node", Node);
        await using var node = Start(server, "agent-file");
        await ConditionAsync(server, node, "True");

        await using var tool = PeerProcess.Start(Path.Combine(AgentProgram.Simulators, "aiinfra-simnode"), ["inject", "--scenario", _folder.Combine("node/scenario.txt"), "--state", _folder.Combine("node"), "gpu 2 xid 79"]);
        Assert.True(await tool.WaitForExitAsync(TestContext.Current.CancellationToken) == 0, tool.Transcript);

        await ConditionAsync(server, node, "False");
        await Eventually.AsyncTrue(async () => (await server.KubectlAsync("describe", "node", Node)).Contains("Warning  NvidiaXid79", StringComparison.Ordinal), () => node.Transcript);
        Assert.DoesNotContain("[-] kubernetes", await ReadyAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_in_readyz_and_status_and_the_rest_works_on()
    {
        await using var server = await ApiServerPeer.StartAsync("--node", Node);
        await using var node = Start(server, "nobody");

        await Eventually.AsyncTrue(async () => (await ReadyAsync()).Contains("403 Forbidden", StringComparison.Ordinal), () => node.Transcript);

        Assert.Contains("[-] kubernetes: ", await ReadyAsync(), StringComparison.Ordinal);
        var (status, text) = await AgentProgram.RunAsync("status", "-o", "json", "--config", _folder.Combine("node/agent.yaml"));
        Assert.Equal(0, status);
        Assert.Contains("deploy/kubernetes/rbac.yaml", text, StringComparison.Ordinal);
        Assert.Contains("DCGM_FI_DEV_GPU_TEMP", await _http.GetStringAsync($"http://127.0.0.1:{_port}/metrics", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private PeerProcess Start(ApiServerPeer server, string kubeconfig) => PeerProcess.Start(
        AgentProgram.Path, ["simulate", "--node", "l4", "--dir", _folder.Combine("node"), "--kubelet-root", _folder.Combine("kubelet"), "--metrics", $"127.0.0.1:{_port}"],
        new Dictionary<string, string> { ["AIINFRA_KUBERNETES__KUBECONFIG"] = server.Kubeconfig(kubeconfig) });

    private static Task ConditionAsync(ApiServerPeer server, PeerProcess node, string status) => Eventually.AsyncTrue(
        async () => (await server.GetAsync($"/api/v1/nodes/{Node}")).GetProperty("status").GetProperty("conditions").EnumerateArray()
            .Any(condition => condition.GetProperty("type").GetString() == "AcceleratorHealthy" && condition.GetProperty("status").GetString() == status),
        () => node.Transcript, TimeSpan.FromMinutes(1)); // that all is well is first said within half a minute

    private async Task<string> ReadyAsync()
    {
        try
        {
            using var answer = await _http.GetAsync($"http://127.0.0.1:{_port}/readyz", TestContext.Current.CancellationToken);
            return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            return ""; // not up yet
        }
    }
}
