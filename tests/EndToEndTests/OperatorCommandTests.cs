using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary>What an operator sees and does on a simulated node: incidents, history, clearing, releasing a driver.</summary>
public sealed class OperatorCommandTests
{
    private static Task<(int Status, string Output)> RunAsync(SimulatedNodeRun run, params string[] arguments) =>
        AgentProgram.RunAsync([.. arguments, "--config", run.Config]);

    [Fact]
    public async Task A_burst_is_one_incident_that_says_what_is_wrong_since_when_why_on_what_and_what_next()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        await run.InjectAsync("gpu 1 xid 45");
        await run.InjectAsync("gpu 1 xid 79");
        await run.WaitForListAsync(healthy: 3, of: 4);
        await Eventually.AsyncTrue(async () => (await run.ProblemsAsync()).Contains("nvidia.xid.79") && (await run.ProblemsAsync()).Contains("nvidia.xid.45"), () => run.Node.Transcript);

        var problems = (await run.AskAsync("problems")).EnumerateArray().ToList();
        Assert.Equal("nvidia.xid.79", problems[0].GetProperty("id").GetString());
        Assert.Single(problems.Select(problem => problem.GetProperty("incident").GetString()).Distinct());
        Assert.Equal([true, .. Enumerable.Repeat(false, problems.Count - 1)], problems.Select(problem => problem.GetProperty("isHeadline").GetBoolean()));

        var (status, text) = await RunAsync(run, "status");
        Assert.Equal(0, status);
        Assert.Contains($"1 incident ({problems.Count} problems)", text, StringComparison.Ordinal);
        Assert.Contains("FATAL nvidia.xid.79 on nvidia 1 at ", text, StringComparison.Ordinal);
        foreach (var line in (string[])["  what  The GPU no longer answers", "  since 20", "  line  NVRM: ", "  hit   nvidia 1 (GPU-", "  next  No new work is placed on it", "  with  "])
            Assert.Contains($"\n{line}", text, StringComparison.Ordinal);
        Assert.Contains("info nvidia.xid.45", text, StringComparison.Ordinal);
        Assert.Single(text.Split("FATAL "), part => part.StartsWith("nvidia", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_holds_a_faulty_GPU_is_shown_with_its_names_escaped()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        var id = (await run.AskAsync("devices"))[1].GetProperty("id").GetString();
        await run.Kubelet.SendLineAsync($$$"""{"pods":[{"namespace":"team-a","name":"train-\u001b[2J0","containers":[{"name":"main","devices":[{"resource":"nvidia.com/gpu","ids":["{{{id}}}"]}]}]}]}""");
        await run.Kubelet.SendLineAsync($$"""{"allocate":["{{id}}"]}""");
        await run.InjectAsync("gpu 1 xid 79");
        await run.WaitForListAsync(healthy: 3, of: 4);

        await Eventually.AsyncTrue(async () => (await RunAsync(run, "problems")).Output.Contains("team-a/train-", StringComparison.Ordinal), () => run.Node.Transcript);

        var (_, problems) = await RunAsync(run, "problems");
        Assert.Contains(@"team-a/train-\x1b[2J0/main", problems, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', problems);
        Assert.Contains(@"team-a/train-\x1b[2J0/main", (await RunAsync(run, "devices")).Output, StringComparison.Ordinal);
        var hit = (await run.AskAsync("problems"))[0].GetProperty("devices")[0].GetProperty("pods")[0];
        Assert.Equal(("team-a", "main"), (hit.GetProperty("namespace").GetString(), hit.GetProperty("container").GetString()));
    }

    [Fact]
    public async Task A_fault_of_a_board_makes_its_partitions_unhealthy_and_one_of_a_partition_is_one_problem_on_it()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\nat 0s gpu 0 mig 1g.10gb x2\n");
        await run.WaitForListAsync(healthy: 8, of: 8);
        await Eventually.AsyncTrue(async () => (await PartitionsAsync(run)).Count == 2, () => run.Node.Transcript);

        await run.InjectAsync("gpu 0 mig-instance 7 xid 13");
        await run.InjectAsync("gpu 0 mig-instance 7 xid 13");
        await Eventually.AsyncTrue(async () => (await run.AskAsync("problems")).EnumerateArray().Any(problem => problem.GetProperty("evidence").GetArrayLength() == 4), () => run.Node.Transcript);
        var problem = Assert.Single((await run.AskAsync("problems")).EnumerateArray(), problem => problem.GetProperty("id").GetString() == "nvidia.xid.13");
        Assert.StartsWith("device MIG-", problem.GetProperty("subject").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, problem.GetProperty("count").GetInt32()); // each told by the library and by the log

        await run.InjectAsync("gpu 0 xid 95");
        await run.WaitForListAsync(healthy: 7, of: 8);
        Assert.All(await PartitionsAsync(run), partition =>
        {
            Assert.False(partition.GetProperty("isHealthy").GetBoolean());
            Assert.Contains("nvidia.xid.95", partition.GetProperty("problems").ToString(), StringComparison.Ordinal);
        });
    }

    private static async Task<List<System.Text.Json.JsonElement>> PartitionsAsync(SimulatedNodeRun run) =>
        [.. (await run.AskAsync("devices")).EnumerateArray().Where(device => device.TryGetProperty("parentId", out _))];

    [Fact]
    public async Task A_problem_is_cleared_by_hand_and_the_history_tells_of_it_also_after_a_restart()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        await run.InjectAsync("gpu 0 xid 95");
        await run.InjectAsync("gpu 2 xid 95");
        var ids = await run.WaitForListAsync(healthy: 2, of: 4);

        var (unclear, which) = await RunAsync(run, "clear", "nvidia.xid.95");
        Assert.Equal(65, unclear);
        Assert.All(ids, id => Assert.Contains($"nvidia.xid.95 on device {id}", which, StringComparison.Ordinal));
        Assert.Equal(65, (await RunAsync(run, "clear", "nvidia.xid.1", "--on", ids[0])).Status);
        Assert.Equal(65, (await RunAsync(run, "clear", "nvidia.xid.95", "--on", "GPU-none")).Status);

        var (done, says) = await RunAsync(run, "clear", "nvidia.xid.95", "--on", ids[0]);
        Assert.True(done == 0, says);
        Assert.StartsWith($"Cleared nvidia.xid.95 on device {ids[0]}", says, StringComparison.Ordinal);
        Assert.DoesNotContain(ids[0], (await run.AskAsync("problems")).EnumerateArray().Where(problem => problem.GetProperty("id").GetString() == "nvidia.xid.95").Select(problem => problem.GetProperty("subject").GetString()!));

        await AgentProgram.SignalAsync(run.Node.Id, 15);
        await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken);
        run.StartDaemonAlone();
        await run.WaitForMetricsAsync(_ => true);
        var (status, json) = await RunAsync(run, "problems", "--history", "-o", "json");
        Assert.Equal(0, status);
        Assert.Contains(JsonDocument.Parse(json).RootElement.EnumerateArray(), step =>
            step.GetProperty("problem").GetString() == "nvidia.xid.95" && step.GetProperty("step").GetString() == "Cleared" && step.GetProperty("why").GetString() == "cleared by hand");
        Assert.Contains("cleared  fatal    nvidia.xid.95 on device GPU-", (await RunAsync(run, "problems", "--history")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vendor_is_released_stays_so_over_a_restart_and_is_resumed()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);

        var (status, says) = await RunAsync(run, "release", "nvidia");
        Assert.True(status == 0, says);
        Assert.StartsWith("nvidia is released: no process of the agent holds one of its device nodes.", says, StringComparison.Ordinal);
        await run.WaitForListAsync(healthy: 0, of: 4);
        Assert.DoesNotContain("DCGM_FI_DEV_GPU_TEMP{", await run.MetricsAsync(), StringComparison.Ordinal);
        Assert.Equal(65, (await RunAsync(run, "clear", "vendor.released", "--on", (await run.AskAsync("devices"))[0].GetProperty("id").GetString()!)).Status);

        await AgentProgram.SignalAsync(run.Node.Id, 15);
        await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken);
        run.StartDaemonAlone();
        await run.WaitForListAsync(healthy: 0, of: 4);
        Assert.Contains("released by an operator at ", (await RunAsync(run, "status")).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync(run, "resume", "nvidia")).Status);
        await run.WaitForListAsync(healthy: 4, of: 4);
        await run.WaitForMetricsAsync(page => page.Contains("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal));
        Assert.Equal(65, (await RunAsync(run, "resume", "nvidia")).Status);
        var (unknown, which) = await RunAsync(run, "release", "acme");
        Assert.Equal(65, unknown);
        Assert.Matches(@"It serves: .*\bnvidia\b", which);
    }

    [Fact]
    public async Task A_GPU_that_is_taken_out_and_put_back_is_noticed_by_the_kernels_word()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);

        await run.InjectAsync("gpu 3 remove");
        await run.WaitForListAsync(healthy: 3, of: 4);
        await run.InjectAsync("gpu 3 add");
        await run.WaitForListAsync(healthy: 4, of: 4);

        Assert.Contains("nvidia: the bus changed (", run.Node.Transcript, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clear", "nvidia.xid.79")]
    [InlineData("release", "nvidia")]
    [InlineData("resume", "nvidia")]
    [InlineData("problems", "--history")]
    public async Task Without_a_daemon_each_says_so_with_status_69(params string[] arguments)
    {
        using var folder = new TestFolder();

        var (status, output) = await AgentProgram.RunAsync([.. arguments, "--config", folder.WriteConfig(9)]);

        Assert.Equal(69, status);
        Assert.Contains("No daemon runs here", output, StringComparison.Ordinal);
    }
}
