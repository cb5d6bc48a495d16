namespace AIInfra.EndToEndTests;

/// <summary>The story of the README: eight GPUs, a fault that a reset ends, a fault that a boot ends.</summary>
public sealed class SimulatedNodeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Eight_GPUs_are_registered_allocated_lost_to_faults_and_given_back_by_proof(bool isPython)
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\n", isPython);
        await run.WaitForListAsync(healthy: 8, of: 8);
        var ids = (await run.AskAsync("devices")).EnumerateArray().Select(device => device.GetProperty("id").GetString()!).ToList();

        await run.Kubelet.SendLineAsync($$"""{"allocate":["{{ids[1]}}","{{ids[0]}}"]}""");
        var allocated = await run.WaitForEventAsync("allocated");
        Assert.Contains($"{ids[0]},{ids[1]}", allocated.ToString(), StringComparison.Ordinal);

        await run.InjectAsync("gpu 3 xid 48");
        Assert.Equal([ids[3]], await run.WaitForListAsync(healthy: 7, of: 8));
        Assert.Contains("nvidia.xid.48", await run.ProblemsAsync());
        await run.InjectAsync("gpu 3 reset");
        await run.WaitForListAsync(healthy: 8, of: 8);

        await run.InjectAsync("gpu 5 xid 79");
        Assert.Equal([ids[5]], await run.WaitForListAsync(healthy: 7, of: 8));
        await run.InjectAsync("boot");
        await run.WaitForListAsync(healthy: 8, of: 8);
        await Eventually.AsyncTrue(async () => !(await run.ProblemsAsync()).Contains("nvidia.xid.79"), () => run.Node.Transcript);
    }

    [Fact]
    public async Task An_applications_Xid_is_recorded_and_takes_no_GPU_away()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);

        await run.InjectAsync("gpu 1 xid 31");

        await run.WaitForMetricsAsync(page => page.Contains("id=\"nvidia.xid.31\"", StringComparison.Ordinal));
        Assert.All((await run.AskAsync("devices")).EnumerateArray(), device => Assert.True(device.GetProperty("isHealthy").GetBoolean()));
        Assert.DoesNotContain("Unhealthy", run.Kubelet.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fault_that_stood_before_a_restart_stands_after_it_and_is_listed_from_the_first_message_on()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-a100\n");
        await run.WaitForListAsync(healthy: 8, of: 8);
        await run.InjectAsync("gpu 2 xid 95");
        var lost = await run.WaitForListAsync(healthy: 7, of: 8);

        await AgentProgram.SignalAsync(run.Node.Id, 15);
        Assert.Equal(0, await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken));
        await run.WaitForEventAsync("ended");
        run.StartDaemonAlone();

        var first = (await run.WaitForEventAsync("list")).GetProperty("devices").EnumerateArray().ToList();
        Assert.Equal(8, first.Count);
        Assert.Equal(lost, first.Where(device => device.GetProperty("health").GetString() == "Unhealthy").Select(device => device.GetProperty("id").GetString()!));
    }

    [Fact]
    public async Task A_driver_that_is_upgraded_under_the_agent_is_taken_up_without_a_restart_of_it()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        await run.WaitForMetricsAsync(page => page.Contains("570.124.06", StringComparison.Ordinal));

        await run.InjectAsync("driver-version 580.65.06");

        await run.WaitForMetricsAsync(page => page.Contains("580.65.06", StringComparison.Ordinal)
            && page.Split('\n').Count(line => line.StartsWith("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal)) == 4);
        await Eventually.AsyncTrue(async () => !(await run.ProblemsAsync()).Contains("nvidia.gpu-lost"), () => run.Node.Transcript);
        Assert.DoesNotContain("\"ended\"", run.Kubelet.Transcript, StringComparison.Ordinal);
        Assert.All((await run.AskAsync("devices")).EnumerateArray(), device => Assert.True(device.GetProperty("isHealthy").GetBoolean()));
    }

    [Fact]
    public async Task A_library_that_crashes_is_replaced_and_the_GPUs_stay_registered()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);

        await run.InjectAsync("segv");

        await run.WaitForMetricsAsync(page => page.Contains("id=\"vendor.crashed\"", StringComparison.Ordinal));
        await run.WaitForMetricsAsync(page => page.Split('\n').Count(line => line.StartsWith("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal)) == 4);
        Assert.DoesNotContain("\"ended\"", run.Kubelet.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hung_GPU_costs_itself_only_and_a_killed_agent_starts_again_while_its_old_child_is_stuck()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        var devices = (await run.AskAsync("devices")).EnumerateArray().Select(device => device.GetProperty("id").GetString()!).ToList();

        await run.InjectAsync("gpu 2 hang");
        Assert.Equal([devices[2]], await run.WaitForListAsync(healthy: 3, of: 4));
        var page = await run.WaitForMetricsAsync(text => text.Split('\n').Count(line => line.StartsWith("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal)) == 3);
        Assert.DoesNotContain($"DCGM_FI_DEV_GPU_TEMP{{gpu=\"2\"", page, StringComparison.Ordinal);

        await AgentProgram.SignalAsync(Processes($"run\0--config\0{run.Config}").Single(), 9);
        await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken);
        run.StartDaemonAlone();
        await run.WaitForMetricsAsync(text => text.Split('\n').Count(line => line.StartsWith("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal)) == 3);

        await run.InjectAsync("gpu 2 unhang");
        await run.WaitForListAsync(healthy: 4, of: 4);
    }

    [Fact]
    public async Task A_kubelet_that_restarts_gets_the_GPUs_again()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\n");
        await run.WaitForListAsync(healthy: 8, of: 8);

        await run.Kubelet.SendLineAsync("""{"restart":true}""");

        await run.WaitForEventAsync("registered");
        await run.WaitForListAsync(healthy: 8, of: 8);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_node_and_its_player_and_leaves_nothing_running()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);

        await AgentProgram.SignalAsync(run.Node.Id, 2);

        Assert.Equal(0, await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Empty(Processes(run.NodeFolder));
    }

    /// <summary>The processes whose command line (words separated by NUL) holds a text.</summary>
    private static IEnumerable<int> Processes(string text) => Directory.EnumerateDirectories("/proc")
        .Where(process => int.TryParse(Path.GetFileName(process), out _) && CommandLine(process).Contains(text, StringComparison.Ordinal))
        .Select(process => int.Parse(Path.GetFileName(process), System.Globalization.CultureInfo.InvariantCulture));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
