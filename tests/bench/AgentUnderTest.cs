using System.Globalization;
using AIInfra.Testing;

namespace AIInfra.Bench;

/// <summary>The published agent on a simulated DGX H100, in a folder of its own, beside a stand-in kubelet.</summary>
internal sealed class AgentUnderTest : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aiinfra-bench-").FullName;

    public string Program { get; } = RepositoryRoot.Combine("out", "publish", "aiinfra-agent");
    public string KubeletRoot => Path.Combine(_folder, "kubelet");
    public string MetricsUrl => $"http://127.0.0.1:{Port}/metrics";
    public int Port { get; } = 19400;
    public PeerProcess? Kubelet { get; private set; }
    public PeerProcess? Daemon { get; private set; }

    private string Scenario => Path.Combine(_folder, "scenario.txt");
    private Dictionary<string, string> Environment => new() { ["AIINFRA_SIM_SCENARIO"] = Scenario, ["AIINFRA_SIM_STATE"] = _folder };

    /// <summary>Writes the node's files. Nothing runs yet.</summary>
    public async Task PrepareAsync(int processors = 2)
    {
        if (!File.Exists(Program))
            throw new FileNotFoundException("The bench measures what is shipped: run `make publish` first.", Program);
        Directory.CreateDirectory(Path.Combine(KubeletRoot, "device-plugins"));
        Directory.CreateDirectory(Path.Combine(_folder, "host"));
        await File.WriteAllTextAsync(Scenario, "node dgx-h100\n");
        await SimulateAsync("tree", "--root", Path.Combine(_folder, "host"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "agent.yaml"), $$"""
            node: { name: bench }
            host: { root: {{_folder}}/host }
            state: { path: {{_folder}}/state }
            run: { path: {{_folder}}/run }
            kubelet: { root: {{KubeletRoot}} }
            metrics: { address: "127.0.0.1:{{Port}}" }
            health: { kernelLog: { path: {{_folder}}/kmsg } }
            vendors: { nvidia: { enabled: true, library: {{RepositoryRoot.Combine("out", "native", "libnvidia-ml.so.1")}} } }
            """);
        Processors = processors;
    }

    public int Processors { get; private set; }

    public async Task StartKubeletAsync()
    {
        Kubelet = PeerProcess.Node("kubelet.mjs", "--root", KubeletRoot);
        await Kubelet.WaitForLineAsync("{\"event\":\"listening\"");
    }

    /// <param name="settings">Settings of the daemon, as environment variables.</param>
    public void StartDaemon(params ReadOnlySpan<(string Name, string Value)> settings)
    {
        var environment = new Dictionary<string, string>(Environment) { ["DOTNET_PROCESSOR_COUNT"] = Processors.ToString(CultureInfo.InvariantCulture), ["DOTNET_gcConcurrent"] = "0" };
        foreach (var (name, value) in settings)
            environment[name] = value;
        Daemon = PeerProcess.Start(Program, ["run", "--config", Path.Combine(_folder, "agent.yaml")], environment);
    }

    /// <summary>From its next start on the driver's library takes so long to answer.</summary>
    public Task SlowDriverAsync(string time) => File.AppendAllTextAsync(Scenario, $"latency init {time}\n");

    public Task InjectAsync(string fault) => SimulateAsync("inject", fault);

    private async Task SimulateAsync(string command, params string[] more)
    {
        await using var tool = PeerProcess.Start(RepositoryRoot.Combine("out", "native", "aiinfra-simnode"), [command, "--scenario", Scenario, "--state", _folder, .. more]);
        if (await tool.WaitForExitAsync() != 0)
            throw new InvalidOperationException(tool.Transcript);
    }

    public async ValueTask DisposeAsync()
    {
        if (Daemon is not null)
            await Daemon.DisposeAsync();
        if (Kubelet is not null)
            await Kubelet.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
