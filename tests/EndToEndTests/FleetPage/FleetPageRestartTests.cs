using System.Diagnostics;

namespace AIInfra.EndToEndTests.FleetPage;

/// <summary>The page while its aggregator goes away and comes back.</summary>
public sealed class FleetPageRestartTests : IAsyncLifetime
{
    private readonly FleetPageRun _run = new();

    public ValueTask InitializeAsync() => _run.InitializeAsync();

    [Fact]
    public async Task APageThatIsOpenComesBackByItselfAndIsRight()
    {
        await using var open = await _run.OpenAsync();
        await open.ReadyAsync();
        await open.UntilAsync("() => document.querySelectorAll('.cell.fine[data-node]').length === 2");
        await _run.StopAggregatorAsync();
        await open.Page.WaitForSelectorAsync(".link.broken");
        Assert.Contains("Connection lost", await open.Page.TextContentAsync(".link") ?? "", StringComparison.Ordinal);
        Assert.Equal(2, await open.Page.Locator(".cell[data-node]").CountAsync()); // what was known stays in sight
        await open.PictureAsync("connection-lost");
        await using (var late = await _run.Browser.OpenAsync("dark", "en-GB", 1280, 800, "any"))
            await Assert.ThrowsAsync<Microsoft.Playwright.PlaywrightException>(() => late.Page.GotoAsync(_run.Address.ToString()));

        await _run.First.InjectAsync("gpu 2 xid 79");
        await _run.StartAggregatorAsync();
        var since = Stopwatch.StartNew();
        await open.Page.WaitForSelectorAsync(".link.live");
        await open.UntilAsync("node => document.querySelector(`.cell.fatal[data-node=\"${node}\"]`)", FleetPageRun.Boards);
        TestContext.Current.TestOutputHelper?.WriteLine($"From the aggregator's answer to what happened while it was away: {since.ElapsedMilliseconds} ms");
        await open.UntilAsync("() => document.querySelector('.now').textContent.includes('nvidia.xid.79')");
        Assert.All(open.Complaints, complaint => Assert.Contains("net::ERR", complaint, StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _run.DisposeAsync();
}
