using System.Diagnostics;
using AIInfra.Testing;
using Microsoft.Playwright;

namespace AIInfra.EndToEndTests.FleetPage;

/// <summary>The fleet page in Chromium, on a real aggregator and real daemons.</summary>
public sealed class FleetPageTests(FleetPageRun run) : IClassFixture<FleetPageRun>
{
    private static readonly string[] Views = ["#/", $"#/node/{FleetPageRun.Boards}", "#/problems", "#/incidents", "#/budgets", "#/audit"];

    [Theory]
    [InlineData("dark", "en-GB", 1280)]
    [InlineData("light", "en-GB", 1280)]
    [InlineData("light", "zh-CN", 1280)]
    [InlineData("dark", "en-GB", 400)]
    public async Task EveryViewIsDrawnWithoutAComplaint(string scheme, string language, int width)
    {
        await run.First.InjectAsync("gpu 1 xid 48");
        await using var open = await run.OpenAsync(scheme: scheme, language: language, width: width);
        await open.UntilAsync("() => document.querySelector('.cell.fatal')");
        foreach (var view in Views)
        {
            await open.GoAsync(view);
            if (view.StartsWith("#/node", StringComparison.Ordinal))
                await open.UntilAsync("() => document.querySelector('.timeline canvas')");
            var name = view == "#/" ? "fleet" : view.Split('/')[1];
            await open.PictureAsync($"{name}-{scheme}-{language[..2]}-{width}", isWhole: width == 400);
            Assert.NotEqual("", await open.Page.TextContentAsync("main h1"));
            Assert.Equal(language == "zh-CN" ? "zh" : "en", await open.Page.GetAttributeAsync("html", "lang"));
            Assert.True(await open.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{view} is wider than its window of {width}.");
        }
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task AFaultIsSeenAtOnce()
    {
        await using var open = await run.OpenAsync();
        await open.UntilAsync("node => document.querySelector(`[data-node=\"${node}\"]`)", FleetPageRun.Boards);
        await open.ReadyAsync();
        var healthy = await open.Page.TextContentAsync($"[data-node={FleetPageRun.Boards}] i");
        var since = Stopwatch.StartNew();
        await run.First.InjectAsync("gpu 5 xid 79");
        await open.Page.WaitForFunctionAsync("([node, before]) => document.querySelector(`[data-node=\"${node}\"] i`).textContent !== before", new[] { FleetPageRun.Boards, healthy },
            new PageWaitForFunctionOptions { PollingInterval = 10 });
        TestContext.Current.TestOutputHelper?.WriteLine($"From the fault's injection (its program's start included) to the page: {since.ElapsedMilliseconds} ms");
        Assert.Contains(" fatal", " " + await open.Page.GetAttributeAsync($"[data-node={FleetPageRun.Boards}]", "class"), StringComparison.Ordinal);
        await open.UntilAsync("() => document.querySelector('.now').textContent.includes('nvidia.xid.79')");
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task TheKeyboardAloneOpensANode()
    {
        await using var open = await run.OpenAsync();
        await open.ReadyAsync();
        await open.UntilAsync("() => document.querySelectorAll('.cell[data-node]').length === 2");
        var keyboard = open.Page.Keyboard;
        for (var tabs = 0; !await open.Page.EvaluateAsync<bool>("() => document.activeElement.matches('.cell')"); tabs++)
        {
            Assert.True(tabs < 20, "Twenty times Tab do not come to the map.");
            await keyboard.PressAsync("Tab");
        }
        var first = await FocusedAsync();
        await keyboard.PressAsync("ArrowRight");
        var second = await FocusedAsync();
        Assert.NotEqual(first, second);
        await keyboard.PressAsync("ArrowLeft");
        Assert.Equal(first, await FocusedAsync());
        await keyboard.PressAsync("End");
        Assert.Equal(second, await FocusedAsync());
        await keyboard.PressAsync("Enter");
        await open.UntilAsync("name => document.querySelector('h1')?.textContent === name", second);
        Assert.True(await open.Page.EvaluateAsync<bool>("() => document.activeElement.id === 'main'")); // a screen reader goes on there
        Assert.Empty(open.Complaints);

        Task<string> FocusedAsync() => open.Page.EvaluateAsync<string>("() => document.activeElement.dataset.node");
    }

    [Fact]
    public async Task WhatOutsidersWriteIsShownAsText()
    {
        const string Pod = "<img src=x onerror='window.hurt=1'><script>window.hurt=1</script>\\u202Egnp.exe";
        await using var open = await run.OpenAsync(view: $"#/node/{FleetPageRun.Boards}");
        await open.ReadyAsync();
        var id = await open.Page.EvaluateAsync<string>("() => document.querySelector('td code .short').title");
        await run.First.Kubelet.SendLineAsync($$"""{"pods":[{"namespace":"{{new string('x', 10_000)}}","name":"{{Pod}}","containers":[{"name":"main","devices":[{"resource":"nvidia.com/gpu","ids":["{{id}}"]}]}]}]}""");
        await File.AppendAllTextAsync(Path.Combine(run.First.NodeFolder, "kmsg"), "4,900001,1,-;NVRM: Xid (PCI:0000:43:00): 31, pid=1, name=<img src=x onerror=window.hurt=1>\u202e, " + new string('y', 6000) + "\n", TestContext.Current.CancellationToken);
        await open.UntilAsync("() => document.body.textContent.includes(\"<img src=x onerror='window.hurt=1'><script>\")");
        await open.UntilAsync("() => document.body.textContent.includes('name=<img src=x onerror=window.hurt=1>')");
        await CheckAsync();
        await open.PictureAsync("hostile-node", isWhole: true);
        foreach (var view in Views.Except([Views[1]]))
        {
            await open.GoAsync(view);
            await CheckAsync();
        }
        await open.GoAsync("#/");
        await open.Page.SelectOptionAsync("#by", "note");
        Assert.Contains(FleetPageRun.HostileLabel, await open.Page.TextContentAsync(".map") ?? "", StringComparison.Ordinal);
        Assert.Empty(open.Complaints);

        async Task CheckAsync()
        {
            Assert.Equal(0, await open.Page.EvaluateAsync<int>("() => document.querySelectorAll('main img, main script, main iframe').length + (window.hurt ?? 0)"));
            Assert.True(await open.Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "A long text makes the page wider than its window.");
        }
    }

    [Fact]
    public async Task ATokenThatIsNotGoodIsRefused()
    {
        await using var open = await run.Browser.OpenAsync("light", "en-GB", 1280, 800, null);
        await open.Page.GotoAsync(run.Address.ToString());
        await open.PictureAsync("door");
        foreach (var token in new[] { "not-a-token", await run.Aggregator.TokenAsync("join") })
        {
            await open.Page.FillAsync("#token", token);
            await open.Page.Keyboard.PressAsync("Enter");
            await open.Page.WaitForSelectorAsync("[role=alert]");
            Assert.Equal(0, await open.Page.Locator(".cell").CountAsync());
        }
        await open.PictureAsync("door-refused");
        Assert.Contains("refused", await open.Page.TextContentAsync("[role=alert]") ?? "", StringComparison.Ordinal);
        await open.Page.FillAsync("#token", await run.Aggregator.TokenAsync("viewer"));
        await open.Page.Keyboard.PressAsync("Enter");
        await open.Page.WaitForSelectorAsync(".cell[data-node]");
        await open.Page.ClickAsync("text=Leave");
        await open.Page.WaitForSelectorAsync("#token");
        Assert.Null(await open.Page.EvaluateAsync<string?>("() => sessionStorage.getItem('aiinfra.token')"));
        Assert.All(open.Complaints, complaint => Assert.Contains("401", complaint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnOperatorPausesAndResumesAndAViewerIsToldWhyNot()
    {
        await using var viewer = await run.OpenAsync("viewer", "#/budgets");
        await viewer.ReadyAsync();
        Assert.Contains("operator", await viewer.Page.TextContentAsync("main .note") ?? "", StringComparison.Ordinal);
        Assert.Equal(0, await viewer.Page.Locator("main form").CountAsync());

        await using var open = await run.OpenAsync("operator", "#/budgets");
        await open.ReadyAsync();
        await open.Page.FillAsync("#why", "switch <b>work</b>");
        await open.Page.ClickAsync("main form button");
        await open.Page.WaitForSelectorAsync(".alarm >> text=switch <b>work</b>");
        await open.PictureAsync("budgets-paused");
        await viewer.Page.WaitForSelectorAsync(".alarm >> text=switch <b>work</b>");
        Assert.True(await viewer.Page.Locator(".alarm button").First.IsDisabledAsync());
        await open.GoAsync("#/");
        await open.Page.WaitForSelectorAsync(".now >> text=switch <b>work</b>");
        await open.GoAsync("#/budgets");
        await open.Page.ClickAsync("button:has-text('Resume')");
        await open.Page.WaitForSelectorAsync(".alarm >> text=switch <b>work</b>", new PageWaitForSelectorOptions { State = WaitForSelectorState.Detached });
        await open.GoAsync("#/audit");
        await open.Page.WaitForSelectorAsync("code:has-text('grants.resumed')");
        Assert.Empty(open.Complaints);
        Assert.Empty(viewer.Complaints);
    }

    [Fact]
    public async Task LanguageAndThemeStayAsChosen()
    {
        await using var open = await run.OpenAsync(scheme: "light");
        await open.ReadyAsync();
        await open.Page.ClickAsync("header button[lang=zh]");
        await open.Page.WaitForSelectorAsync("nav >> text=集群");
        await open.Page.ClickAsync("header button:has-text('◐')");
        Assert.Equal("dark", await open.Page.GetAttributeAsync("html", "data-theme"));
        await open.Page.ReloadAsync();
        await open.ReadyAsync();
        Assert.Equal(("zh", "dark"), (await open.Page.GetAttributeAsync("html", "lang"), await open.Page.GetAttributeAsync("html", "data-theme")));
        Assert.Equal("rgb(20, 23, 28)", await open.Page.EvaluateAsync<string>("() => getComputedStyle(document.documentElement).backgroundColor"));
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task WaitingAndFailureLookLikeWhatTheyAre()
    {
        await using var open = await run.OpenAsync();
        await open.ReadyAsync();
        var answer = new TaskCompletionSource();
        await open.Page.RouteAsync("**/api/v1/audit?*", async route => { await answer.Task; await route.AbortAsync(); });
        await open.Page.EvaluateAsync("() => { location.hash = '#/audit'; }");
        await open.Page.WaitForSelectorAsync("main .loading");
        await open.PictureAsync("loading");
        answer.SetResult();
        await open.Page.WaitForSelectorAsync("main .fault");
        await open.PictureAsync("error");
        await open.Page.UnrouteAsync("**/api/v1/audit?*");
        await open.Page.ClickAsync("main .fault button");
        await open.Page.WaitForSelectorAsync("main table");
        await open.GoAsync("#/node/no-such-node");
        Assert.Contains("no node of that name", await open.Page.TextContentAsync("main .note") ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task AThousandNodesAreDrawnQuickly()
    {
        await using var open = await run.Browser.OpenAsync("dark", "en-GB", 1600, 1000, await run.Aggregator.TokenAsync("viewer"));
        var nodes = string.Join(',', Enumerable.Range(1, 1000).Select(number => $$$"""
            {"name":"gpu-{{{number:0000}}}","state":"{{{(number % 331 == 7 ? "lost" : "connected")}}}","lastHeard":"2026-01-01T00:00:00Z","clockSkewSeconds":0,"devices":8,"unhealthyDevices":0,
            "problems":{"fatal":{{{(number % 97 == 3 ? 1 : 0)}}},"degraded":{{{(number % 43 == 2 ? 1 : 0)}}},"info":0},"agentVersion":"1","remediation":"on","paused":false,"simulated":true,"labels":{"rack":"r{{{number / 25}}}"}}
            """));
        await open.Page.RouteAsync("**/api/v1/nodes?*", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "application/json", Body = $$"""{"items":[{{nodes}}],"next":null}""" }));
        await open.Page.GotoAsync(run.Address.ToString());
        await open.UntilAsync("() => document.querySelectorAll('.cell[data-node]').length === 1000");
        await open.ReadyAsync();
        await open.PictureAsync("fleet-1000");
        var filtered = await open.Page.EvaluateAsync<double>("() => { const since = performance.now(); const find = document.getElementById('find'); find.value = 'gpu'; find.dispatchEvent(new Event('input')); document.body.offsetHeight; return performance.now() - since; }");
        TestContext.Current.TestOutputHelper?.WriteLine($"1,000 nodes are drawn and laid out anew in {filtered:0} ms");
        Assert.Empty(open.Complaints);
    }

    /// <summary>The picture of the documentation; AIINFRA_UPDATE_DOCS=1 puts it there.</summary>
    [Fact]
    public async Task ThePictureOfTheDocumentation()
    {
        await run.First.InjectAsync("gpu 1 xid 48");
        await using var open = await run.OpenAsync(width: 1100, height: 460);
        await open.ReadyAsync();
        await open.UntilAsync("() => document.querySelector('.now').textContent.includes('nvidia.xid.48')");
        await open.PictureAsync("fleet-page");
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.Copy(RepositoryRoot.Combine("out", "screenshots", "fleet-page.png"), RepositoryRoot.Combine("docs", "fleet-page.png"), overwrite: true);
        Assert.True(File.Exists(RepositoryRoot.Combine("docs", "fleet-page.png")), "Run this test with AIINFRA_UPDATE_DOCS=1.");
    }
}
