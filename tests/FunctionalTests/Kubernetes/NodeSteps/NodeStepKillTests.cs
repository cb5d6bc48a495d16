using System.Diagnostics;
using AIInfra.FunctionalTests.VendorHost;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

/// <summary>A real process that is killed in the midst of the node steps, and started again on the same journal.</summary>
public sealed class NodeStepKillTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("steps-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("8", "drain Done")] // it goes while the next agent drains
    [InlineData("never", "drain Failed")] // it never goes
    public async Task Killed_between_the_eviction_and_the_outcome_the_drain_goes_on_and_the_node_is_given_back(string stopSeconds, string settled)
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1", annotations: $"\"stand-in/stop-seconds\":\"{stopSeconds}\"");
        using (var killed = Start(rig))
        {
            await rig.EventuallyAsync(async () => await rig.EvictionsAsync(201) > 0, "the eviction was taken");
            killed.Kill();
            await killed.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        }
        Assert.True(await rig.IsCordonedAsync());

        var said = await RunAsync(rig);

        Assert.Equal(4, said.Length);
        Assert.StartsWith("cordon Done", said[0], StringComparison.Ordinal);
        Assert.StartsWith("drain Failed The agent ended before the drain did; 1 pods are left: default/web-1.", said[1], StringComparison.Ordinal);
        Assert.StartsWith(settled, said[2], StringComparison.Ordinal);
        Assert.StartsWith("uncordon Done", said[3], StringComparison.Ordinal);
        Assert.False(await rig.IsCordonedAsync());
        Assert.Equal(1, await rig.EvictionsAsync(201)); // who leaves already is not asked again
    }

    [Fact]
    public async Task Killed_while_a_budget_keeps_a_pod_the_next_agent_has_it_moved_when_the_budget_lets_it_go()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("web-2", labels: "\"app\":\"web\"");
        await rig.AddBudgetAsync("web", "web", "1");
        using (var killed = Start(rig))
        {
            await rig.EventuallyAsync(async () => await rig.EvictionsAsync(201) == 1 && await rig.EvictionsAsync(429) > 0, "one has gone, and the budget keeps the other");
            killed.Kill();
            await killed.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        }
        await rig.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/apis/policy/v1/namespaces/default/poddisruptionbudgets/web"}""");

        var said = await RunAsync(rig);

        Assert.Equal(["cordon Done", "drain Failed", "drain Done", "uncordon Done"], said.Select(line => string.Join(' ', line.Split(' ').Take(2))));
        Assert.Equal(2, await rig.EvictionsAsync(201));
        Assert.Empty(await rig.PodsAsync());
    }

    [Fact]
    public async Task Killed_between_the_cordon_and_its_outcome_the_cordon_is_known_and_taken_back()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.Server.AskAsync("""{"command":"fault","match":{"method":"PATCH","path":"/nodes/node-1$"},"times":1,"then":{"cutAfter":0}}""");
        await rig.Server.AskAsync("""{"command":"fault","match":{"method":"GET","path":"/nodes/node-1$"},"then":{"delay":3000}}""");
        using (var killed = Start(rig))
        {
            await rig.EventuallyAsync(rig.IsCordonedAsync, "the cordon was taken");
            killed.Kill();
            await killed.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        }
        await rig.Server.AskAsync("""{"command":"clear"}""");

        var said = await RunAsync(rig);

        Assert.StartsWith("cordon Done", said[0], StringComparison.Ordinal);
        Assert.StartsWith("uncordon Done", said[2], StringComparison.Ordinal);
        Assert.False(await rig.IsCordonedAsync());
    }

    private Process Start(NodeStepRig rig) => Process.Start(new ProcessStartInfo(VendorFolder.Program, [_folder.FullName, "node-steps", rig.Server.Kubeconfig("agent-file"), ApiServerPeer.Node]))!;

    private async Task<string[]> RunAsync(NodeStepRig rig)
    {
        using var process = Start(rig);
        await process.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        Assert.Equal(0, process.ExitCode);
        return await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, "said"), Stop);
    }
}
