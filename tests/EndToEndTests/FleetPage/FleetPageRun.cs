using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests.FleetPage;

/// <summary>A real aggregator, two real daemons on simulated nodes that report to it, and Chromium on its page.</summary>
public sealed class FleetPageRun : IAsyncLifetime
{
    internal const string Boards = "gpu-01", Small = "gpu-02";
    /// <summary>The value of a label of the second node.</summary>
    internal const string HostileLabel = "<img src=x onerror=\"window.hurt=1\">";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }); // only asks whether it is up

    private readonly TestFolder _folder = new();
    private readonly int _port = AgentProgram.FreePort();
    private readonly List<PeerProcess> _ended = [];
    private PeerProcess _aggregator = null!;

    internal Chromium Browser { get; private set; } = null!;
    internal SimulatedNodeRun First { get; private set; } = null!;
    internal SimulatedNodeRun Second { get; private set; } = null!;
    internal Uri Address => new($"https://127.0.0.1:{_port}/");

    private string Config => _folder.Combine("aggregator.yaml");

    public async ValueTask InitializeAsync()
    {
        _folder.Write("aggregator.yaml", $$"""
            listen: { address: "127.0.0.1:{{_port}}" }
            metrics: { address: "127.0.0.1:{{AgentProgram.FreePort()}}" }
            state: { path: {{_folder.Combine("aggregator")}} }
            store: { connection: "Data Source={{_folder.Combine("fleet.db")}}" }
            """);
        await StartAggregatorAsync();
        var join = _folder.Write("join", await TokenAsync("join"));
        First = await StartNodeAsync(Boards, "dgx-h100", join, "rack=r1");
        Second = await StartNodeAsync(Small, "l4", join, $"rack={HostileLabel}");
        Browser = await Chromium.StartAsync();
        var token = await TokenAsync("viewer");
        await Eventually.AsyncTrue(async () => await CountAsync(token) == 2, () => _aggregator.Transcript + First.Node.Transcript);
    }

    internal async Task StartAggregatorAsync()
    {
        if (_aggregator is not null)
            _ended.Add(_aggregator);
        _aggregator = PeerProcess.Start(RepositoryRoot.Combine("out", "bin", "aiinfra-aggregator"), ["run", "--config", Config]);
        await Eventually.AsyncTrue(async () =>
        {
            try
            {
                return (await Http.GetAsync(new Uri(Address, "healthz"))).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, () => _aggregator.Transcript);
    }

    internal async Task StopAggregatorAsync()
    {
        await AgentProgram.SignalAsync(_aggregator.Id, 15);
        await _aggregator.WaitForExitAsync();
    }

    /// <summary>As an operator makes one.</summary>
    internal async Task<string> TokenAsync(string role)
    {
        await using var program = PeerProcess.Start(RepositoryRoot.Combine("out", "bin", "aiinfra-aggregator"), ["token", "create", "--role", role, "--name", "page", "--config", Config]);
        var token = await program.WaitForLineAsync("");
        Assert.Equal(0, await program.WaitForExitAsync());
        return token;
    }

    /// <summary>Opens the page as somebody who has entered a token of a role.</summary>
    internal async Task<OpenPage> OpenAsync(string role = "viewer", string view = "#/", string scheme = "dark", string language = "en-GB", int width = 1280, int height = 800)
    {
        var page = await Browser.OpenAsync(scheme, language, width, height, await TokenAsync(role));
        await page.Page.GotoAsync(new Uri(Address, view).ToString());
        return page;
    }

    private Task<SimulatedNodeRun> StartNodeAsync(string name, string model, string join, string label) => SimulatedNodeRun.StartAsync($"node {model}\n", settings:
    [
        ("AIINFRA_NODE__NAME", name), ("AIINFRA_FLEET__AGGREGATOR", Address.ToString()), ("AIINFRA_FLEET__CREDENTIALS", join), ("AIINFRA_FLEET__LABELS", label),
    ]);

    private async Task<int> CountAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, "api/v1/nodes"));
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await Http.SendAsync(request);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return json.RootElement.GetProperty("items").EnumerateArray().Count(node => node.GetProperty("devices").GetInt32() > 0);
    }

    public async ValueTask DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
        foreach (var node in new[] { First, Second })
        {
            if (node is not null)
                await node.DisposeAsync();
        }
        await _aggregator.DisposeAsync();
        foreach (var ended in _ended)
            await ended.DisposeAsync();
        _folder.Dispose();
    }
}
