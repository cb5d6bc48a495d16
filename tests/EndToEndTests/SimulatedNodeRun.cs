using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>A simulated node as a user starts it (<c>aiinfra-agent simulate</c>), beside an independent stand-in kubelet.</summary>
internal sealed class SimulatedNodeRun : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly List<PeerProcess> _ended = [];
    private readonly Dictionary<string, string> _settings = [];

    public int Port { get; } = AgentProgram.FreePort();
    public PeerProcess Kubelet { get; private set; } = null!;
    public PeerProcess Node { get; private set; } = null!;
    public string Config => Path.Combine(NodeFolder, "agent.yaml");
    public string NodeFolder => _folder.Combine("node");
    public string KubeletRoot => _folder.Combine("kubelet");
    private string Scenario => _folder.Combine("scenario.txt");

    /// <param name="scenario">The first line names the node: <c>node dgx-h100</c>.</param>
    /// <param name="isPython">The kubelet of python3-grpcio instead of grpc-js's.</param>
    /// <param name="pluginConfig">A config of NVIDIA's device plugin, in the words of its own documentation.</param>
    /// <param name="prepare">Gets the folder of the simulated host before anything starts.</param>
    /// <param name="settings">Settings of the daemon, as environment variables.</param>
    public static async Task<SimulatedNodeRun> StartAsync(
        string scenario, bool isPython = false, string? pluginConfig = null, Action<string>? prepare = null, params (string Name, string Value)[] settings)
    {
        var run = new SimulatedNodeRun();
        foreach (var (name, value) in settings)
            run._settings[name] = value;
        if (pluginConfig is not null)
            run._settings["AIINFRA_VENDORS__NVIDIA__CONFIG"] = run._folder.Write("plugin.yaml", pluginConfig);
        prepare?.Invoke(Path.Combine(run.NodeFolder, "host"));
        run._folder.Write("scenario.txt", scenario);
        run.Kubelet = isPython ? PeerProcess.Python("kubelet.py", "--root", run.KubeletRoot) : PeerProcess.Node("kubelet.mjs", "--root", run.KubeletRoot);
        await run.Kubelet.WaitForLineAsync("{\"event\":\"listening\"");
        run.StartNode();
        return run;
    }

    public void StartNode()
    {
        if (Node is not null)
            _ended.Add(Node);
        Node = PeerProcess.Start(AgentProgram.Path,
            ["simulate", "--scenario", Scenario, "--dir", NodeFolder, "--kubelet-root", KubeletRoot, "--metrics", $"127.0.0.1:{Port}"], _settings);
    }

    /// <summary>Starts the node's daemon alone, as its service manager would after it ended; the simulated hardware goes on as it was.</summary>
    public void StartDaemonAlone()
    {
        _ended.Add(Node);
        Node = PeerProcess.Start(AgentProgram.Path, ["run", "--config", Config],
            new Dictionary<string, string> { ["AIINFRA_SIM_SCENARIO"] = Scenario, ["AIINFRA_SIM_STATE"] = NodeFolder });
    }

    /// <summary>Waits for a ListAndWatch message with so many healthy devices of so many.</summary>
    /// <returns>The ids of the unhealthy ones.</returns>
    public async Task<IReadOnlyList<string>> WaitForListAsync(int healthy, int of)
    {
        while (true)
        {
            var line = await Kubelet.WaitForLineAsync("", TestContext.Current.CancellationToken);
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("event").GetString() != "list")
                continue;
            var devices = json.RootElement.GetProperty("devices").EnumerateArray().ToList();
            var unhealthy = devices.Where(device => device.GetProperty("health").GetString() != "Healthy").Select(device => device.GetProperty("id").GetString()!).ToList();
            if (devices.Count == of && devices.Count - unhealthy.Count == healthy)
                return unhealthy;
        }
    }

    /// <summary>Waits for a list of a resource that is as asked for. Lists of others are passed over.</summary>
    public async Task<IReadOnlyList<(string Id, bool IsHealthy)>> WaitForListAsync(string resource, Func<IReadOnlyList<(string Id, bool IsHealthy)>, bool> isRight)
    {
        while (true)
        {
            var list = await WaitForEventAsync("list");
            if (list.GetProperty("resource").GetString() != resource)
                continue;
            List<(string, bool)> devices = [.. list.GetProperty("devices").EnumerateArray()
                .Select(device => (device.GetProperty("id").GetString()!, device.GetProperty("health").GetString() == "Healthy"))];
            if (isRight(devices))
                return devices;
        }
    }

    /// <summary>Allocates as the kubelet does.</summary>
    /// <returns>The answer for the container, or the text of the refusal.</returns>
    public async Task<(JsonElement Answer, string? Refusal)> AllocateAsync(string resource, params string[] ids)
    {
        await Kubelet.SendLineAsync($$"""{"resource":"{{resource}}","allocate":[{{string.Join(',', ids.Select(id => $"\"{id}\""))}}]}""");
        var answer = await WaitForEventAsync("allocated");
        return answer.GetProperty("ok").GetBoolean()
            ? (answer.GetProperty("response").GetProperty("container_responses")[0], null)
            : (answer, answer.GetProperty("details").GetString());
    }

    /// <summary>Waits for the stand-in's next event of a kind.</summary>
    public async Task<JsonElement> WaitForEventAsync(string kind)
    {
        while (true)
        {
            using var json = JsonDocument.Parse(await Kubelet.WaitForLineAsync("", TestContext.Current.CancellationToken));
            if (json.RootElement.GetProperty("event").GetString() == kind)
                return json.RootElement.Clone();
        }
    }

    public async Task InjectAsync(string fault)
    {
        await using var tool = PeerProcess.Start(Path.Combine(AgentProgram.Simulators, "aiinfra-simnode"), ["inject", "--scenario", Scenario, "--state", NodeFolder, fault]);
        Assert.True(await tool.WaitForExitAsync() == 0, tool.Transcript);
    }

    public Task<string> MetricsAsync() => _http.GetStringAsync($"http://127.0.0.1:{Port}/metrics", TestContext.Current.CancellationToken);

    /// <summary>Waits until the page holds a text.</summary>
    public async Task<string> WaitForMetricsAsync(Func<string, bool> holds)
    {
        var page = "";
        await Eventually.AsyncTrue(async () =>
        {
            try
            {
                page = await MetricsAsync();
                return holds(page);
            }
            catch (HttpRequestException)
            {
                return false; // not up yet
            }
        }, () => page + "\n" + Node.Transcript);
        return page;
    }

    /// <summary>Asks the daemon through the command line, as JSON.</summary>
    public async Task<JsonElement> AskAsync(params string[] command)
    {
        var (status, output) = await AgentProgram.RunAsync([.. command, "-o", "json", "--config", Config]);
        Assert.True(status == 0, output + Node.Transcript);
        return JsonDocument.Parse(output).RootElement.Clone();
    }

    public async Task<IReadOnlyList<string>> ProblemsAsync() =>
        [.. (await AskAsync("problems")).EnumerateArray().Select(problem => problem.GetProperty("id").GetString()!)];

    public async ValueTask DisposeAsync()
    {
        if (Node is not null)
            await Node.DisposeAsync();
        foreach (var ended in _ended)
            await ended.DisposeAsync();
        await Kubelet.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }
}
