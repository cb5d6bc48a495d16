namespace AIInfra.EndToEndTests;

/// <summary>The kernel log of a simulated node: a file of records in its host.</summary>
public sealed class KernelLogTests
{
    [Fact]
    public async Task A_fault_line_takes_its_GPU_away_and_an_agent_that_is_killed_and_started_again_neither_forgets_nor_repeats_it()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        await run.WaitForListAsync(healthy: 4, of: 4);
        var gpu = (await run.AskAsync("devices"))[2];
        var log = Path.Combine(run.NodeFolder, "host/dev/kmsg");
        var address = gpu.GetProperty("pciAddress").GetString()![..^2];

        await File.AppendAllTextAsync(log, $"12,1,1,-;NVRM: Xid (PCI:{address}): 79, written by a process\n", TestContext.Current.CancellationToken);
        await File.AppendAllTextAsync(log, $"3,2,1,-;NVRM: Xid (PCI:{address}): 119, pid=7, name=x, Timeout after 6s of waiting for RPC response from GPU2 GSP!\n", TestContext.Current.CancellationToken);

        Assert.Equal([gpu.GetProperty("id").GetString()!], await run.WaitForListAsync(healthy: 3, of: 4));
        await run.WaitForMetricsAsync(page => page.Contains("aiinfra_agent_kernel_log_lines_total 2", StringComparison.Ordinal));
        await AgentProgram.SignalAsync(run.Node.Id, 15);
        await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken);
        await run.WaitForEventAsync("ended");
        run.StartDaemonAlone();

        await run.WaitForListAsync(healthy: 3, of: 4);
        var problem = Assert.Single((await run.AskAsync("problems")).EnumerateArray());
        Assert.Equal(("nvidia.xid.119", 1), (problem.GetProperty("id").GetString(), problem.GetProperty("count").GetInt32()));
    }
}
