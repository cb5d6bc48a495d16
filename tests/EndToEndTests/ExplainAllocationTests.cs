using System.Text.Json;

namespace AIInfra.EndToEndTests;

/// <summary><c>explain allocation</c> on a simulated node of eight boards.</summary>
public sealed class ExplainAllocationTests
{
    private static Task<(int Status, string Output)> ExplainAsync(SimulatedNodeRun run, params string[] arguments) =>
        AgentProgram.RunAsync(["explain", "allocation", .. arguments, "--config", run.Config]);

    [Fact]
    public async Task It_names_the_boards_that_would_be_given_and_why_and_passes_over_a_sick_one()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\n");
        await run.WaitForListAsync(healthy: 8, of: 8);
        await run.InjectAsync("gpu 1 xid 79");
        await run.WaitForListAsync(healthy: 7, of: 8);

        var (status, json) = await ExplainAsync(run, "nvidia.com/gpu", "4", "-o", "json");
        Assert.True(status == 0, json);
        var answer = JsonDocument.Parse(json).RootElement;
        var chosen = answer.GetProperty("chosen").GetProperty("units").EnumerateArray().ToList();
        Assert.Equal(4, chosen.Count);
        Assert.DoesNotContain(1, chosen.Select(unit => unit.GetProperty("index").GetInt32()));
        Assert.Single(chosen.Select(unit => unit.GetProperty("numaNode").GetInt32()).Distinct()); // four of one node are whole, three of the other
        Assert.Equal((7, 1), (answer.GetProperty("free").GetInt32(), answer.GetProperty("unhealthy").GetInt32()));
        Assert.True(answer.GetProperty("chosen").GetProperty("links").GetInt64() >= answer.GetProperty("runnerUp").GetProperty("links").GetInt64());

        var (told, text) = await ExplainAsync(run, "4"); // the only resource need not be named
        Assert.True(told == 0, text);
        Assert.Contains("4 of nvidia.com/gpu, out of 7 free", text, StringComparison.Ordinal);
        Assert.Contains("runner-up", text, StringComparison.Ordinal);
        Assert.All(chosen, unit => Assert.Contains(unit.GetProperty("id").GetString()!, text, StringComparison.Ordinal));

        var (refused, why) = await ExplainAsync(run, "8");
        Assert.Equal((65, true), (refused, why.Contains("8 of nvidia.com/gpu are asked for and 7 are free", StringComparison.Ordinal)));
        Assert.Contains("it offers nvidia.com/gpu", (await ExplainAsync(run, "acme.com/gpu")).Output, StringComparison.Ordinal);
        Assert.Contains("a number above 0", (await ExplainAsync(run, "nvidia.com/gpu", "none")).Output, StringComparison.Ordinal);
    }
}
