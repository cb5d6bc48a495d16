namespace AIInfra.EndToEndTests.FleetPage;

/// <summary>A real aggregator, two real daemons on simulated nodes that report to it, and Chromium on its page.</summary>
public sealed class FleetPageRun : IAsyncLifetime
{
    internal const string Boards = "gpu-01", Small = "gpu-02";
    /// <summary>The value of a label of the second node.</summary>
    internal const string HostileLabel = "<img src=x onerror=\"window.hurt=1\">";

    internal AggregatorRun Aggregator { get; private set; } = null!;
    internal Chromium Browser { get; private set; } = null!;
    internal SimulatedNodeRun First { get; private set; } = null!;
    internal SimulatedNodeRun Second { get; private set; } = null!;
    internal Uri Address => new($"https://127.0.0.1:{Aggregator.Port}/");

    public async ValueTask InitializeAsync()
    {
        Aggregator = await AggregatorRun.StartAsync();
        var join = await Aggregator.WriteJoinTokenAsync();
        First = await StartNodeAsync(Boards, "dgx-h100", join, "rack=r1");
        Second = await StartNodeAsync(Small, "l4", join, $"rack=r2, note={HostileLabel}");
        Browser = await Chromium.StartAsync();
        await Eventually.AsyncTrue(async () => (await Aggregator.GetAsync("/api/v1/nodes")).GetProperty("items").EnumerateArray().Count(node => node.GetProperty("devices").GetInt32() > 0) == 2,
            () => Aggregator.Process.Transcript + First.Node.Transcript + Second.Node.Transcript);
    }

    internal async Task StopAggregatorAsync()
    {
        await AgentProgram.SignalAsync(Aggregator.Process.Id, 15);
        await Aggregator.Process.WaitForExitAsync();
        await Aggregator.Process.DisposeAsync();
    }

    internal async Task StartAggregatorAsync()
    {
        Aggregator.StartProcess();
        await Eventually.AsyncTrue(Aggregator.IsUpAsync, () => Aggregator.Process.Transcript);
    }

    /// <summary>Opens the page as somebody who has entered a token of a role.</summary>
    internal async Task<OpenPage> OpenAsync(string role = "viewer", string view = "#/", string scheme = "dark", string language = "en-GB", int width = 1280, int height = 800)
    {
        var page = await Browser.OpenAsync(scheme, language, width, height, await Aggregator.TokenAsync(role));
        await page.Page.GotoAsync(new Uri(Address, view).ToString());
        return page;
    }

    private Task<SimulatedNodeRun> StartNodeAsync(string name, string model, string join, string label) => SimulatedNodeRun.StartAsync($"node {model}\n", settings:
    [
        ("AIINFRA_NODE__NAME", name), ("AIINFRA_FLEET__AGGREGATOR", Address.ToString()), ("AIINFRA_FLEET__CREDENTIALS", join), ("AIINFRA_FLEET__LABELS", label),
    ]);

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
        foreach (var node in new[] { First, Second })
        {
            if (node is not null)
                await node.DisposeAsync();
        }
        await Aggregator.DisposeAsync();
    }
}
