namespace AIInfra.EndToEndTests;

/// <summary>The pods that a stand-in kubelet tells of, on the page of a running agent.</summary>
public sealed class AttributionTests
{
    [Fact]
    public async Task An_allocation_shows_on_the_page_and_what_the_pod_had_outlives_a_restart_in_order()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n");
        var list = await run.WaitForListAsync("nvidia.com/gpu", devices => devices.Count > 0 && devices.All(device => device.IsHealthy));
        await run.Kubelet.SendLineAsync($$"""{"pods":[{"namespace":"team","name":"job","containers":[{"name":"main","devices":[{"resource":"nvidia.com/gpu","ids":["{{list[0].Id}}"]}]}]}]}""");
        await run.AllocateAsync("nvidia.com/gpu", list[0].Id);

        var page = await run.WaitForMetricsAsync(text => Allocated(text) > 1);
        Assert.Contains(page.Split('\n'), line => line.StartsWith("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal) && line.Contains($"UUID=\"{list[0].Id}\"", StringComparison.Ordinal)
            && line.Contains("container=\"main\",namespace=\"team\",pod=\"job\"", StringComparison.Ordinal));
        Assert.Contains("aiinfra_agent_attribution_state{state=\"known\"} 1", page, StringComparison.Ordinal);

        await AgentProgram.SignalAsync(run.Node.Id, 15);
        Assert.Equal(0, await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken));
        run.StartNode();

        var after = await run.WaitForMetricsAsync(text => Allocated(text) > 0);
        Assert.True(Allocated(after) >= Allocated(page), after);
    }

    private static double Allocated(string page) =>
        page.Split('\n').FirstOrDefault(line => line.StartsWith("aiinfra_pod_device_allocated_seconds_total{", StringComparison.Ordinal)) is { } line
            ? double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture) : 0;
}
