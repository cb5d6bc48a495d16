using System.Net.Http.Headers;
using System.Text.Json;
using AIInfra.EndToEndTests.FleetPage;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests.Installed;

/// <summary>One booted machine with both programs as packages install them, simulated GPUs, and all that stands around them in a cluster: kubelet and API server
/// (stand-ins), Prometheus, Alertmanager, PostgreSQL and Chromium (real), each on the machine's own network.</summary>
internal sealed class InstalledFleet : IAsyncDisposable
{
    public const string Node = "node-1"; // of the stand-in API server
    private const string Folder = "/srv/e2e", Simulators = "/usr/lib/aiinfra/simulators";
    private static readonly string Tools = RepositoryRoot.Combine("out", "tools", "debian");

    private readonly TestFolder _folder = new();
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly HttpClient _http;

    private InstalledFleet(BootedMachine machine) => (Machine, _http) = (machine, machine.Client());

    public BootedMachine Machine { get; }
    public PeerProcess Kubelet { get; private set; } = null!;
    public ApiServerPeer Api { get; private set; } = null!;
    public Chromium Browser { get; private set; } = null!;
    public string ViewerToken { get; private set; } = "";

    /// <summary>Starts what stands around the packages. Nothing is installed yet.</summary>
    public static async Task<InstalledFleet> StartAsync(BootedMachine machine)
    {
        var fleet = new InstalledFleet(machine);
        try
        {
            await fleet.StartPartsAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    private async Task StartPartsAsync()
    {
        await Machine.RunAsync("mkdir", "-p", Folder, "/var/lib/kubelet/device-plugins");
        Kubelet = Keep(PeerProcess.Node("kubelet.mjs", "--root", $"{Machine.Root}/var/lib/kubelet"));
        await Kubelet.WaitForLineAsync("{\"event\":\"listening\"");
        Api = Keep(await ApiServerPeer.StartAsync(Machine, "--manifest", RepositoryRoot.Combine("deploy", "kubernetes", "rbac.yaml")));
        Machine.Write($"{Folder}/ca.crt", await File.ReadAllTextAsync(Path.Combine(Api.Folder, "ca.crt"), Stop));
        Machine.Write($"{Folder}/kubeconfig", (await File.ReadAllTextAsync(Api.Kubeconfig("agent"), Stop)).Replace(Api.Folder, Folder, StringComparison.Ordinal));
        var database = Keep(await PostgresServer.StartAsync(Machine, "listen_addresses = '127.0.0.1'"));
        await database.CreateAsync("fleet");
        StartMonitoring();
        Browser = Keep(await Chromium.StartAsync(Script($"exec nsenter --target {Machine.Leader} --net -- /usr/bin/chromium \"$@\"")));
    }

    /// <summary>What an operator writes after installing: where the others are, and what may be done.</summary>
    public async Task ConfigureAsync()
    {
        Machine.Write("/etc/aiinfra/aggregator.yaml", """
            state: { path: /var/lib/aiinfra-aggregator }
            store: { connection: "Host=127.0.0.1;Database=fleet;Username=aiinfra" }
            grants: { policy: /etc/aiinfra/grants.yaml }
            notify: { alertmanagers: ["http://127.0.0.1:9093"] }
            """);
        Machine.Write("/etc/aiinfra/grants.yaml", "budgets: [{ name: fleet, maxUnavailable: 1 }]\nview: { seenPercent: 90, for: 5s }\nincidentSettle: 1s\n");
        await Machine.RunAsync("systemctl", "restart", "aiinfra-aggregator");
        await UntilAsync(async () => await _http.GetStringAsync(new Uri("https://127.0.0.1:9443/healthz")) == "ok\n");
        ViewerToken = await TokenAsync("viewer");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ViewerToken);
        Machine.Write("/etc/aiinfra/join-token", await TokenAsync("join"));

        Machine.Write($"{Folder}/scenario.txt", "node l4\n");
        await Machine.RunAsync("mkdir", "-p", $"{Folder}/host");
        await SimulateAsync("tree", "--root", $"{Folder}/host");
        Machine.Write("/etc/aiinfra/policy.yaml", """
            limits: { spacing: 0s }
            ladders:
              - { name: by-the-bus, problems: [nvidia.xid.95], rungs: [{ do: reset-pci, drain: device, verify: device-answers, stable: 1s, verifyWithin: 1m }] }
            """);
        Machine.Write("/etc/aiinfra/agent.yaml", $$"""
            node: { name: {{Node}} }
            host: { root: {{Folder}}/host }
            kubelet: { root: /var/lib/kubelet }
            metrics: { profile: [dcgm, neutral] }
            kubernetes: { kubeconfig: {{Folder}}/kubeconfig }
            vendors: { nvidia: { enabled: true, library: {{Simulators}}/libnvidia-ml.so.1, sampleInterval: 1s } }
            health: { kernelLog: { path: "" }, journal: false }
            remediation: { mode: "on", policy: /etc/aiinfra/policy.yaml }
            fleet: { aggregator: "127.0.0.1:9443", credentials: /etc/aiinfra/join-token, labels: [rack=r1] }
            """);
        Machine.Write("/etc/systemd/system/aiinfra-agent.service.d/simulated.conf", $"[Service]\nEnvironment=AIINFRA_SIM_SCENARIO={Folder}/scenario.txt AIINFRA_SIM_STATE={Folder}\n");
        await Machine.RunAsync("systemctl", "daemon-reload");
        await Machine.RunAsync("systemctl", "restart", "aiinfra-agent");
        await Kubelet.SendLineAsync("""{"pods":[]}"""); // it says who holds what: nobody
    }

    /// <summary>Makes a fault, or its end, in the simulated hardware.</summary>
    public Task InjectAsync(string fault) => SimulateAsync("inject", fault);

    /// <summary>The file that the agent resets a GPU by: the kernel's, which this host has only as a file.</summary>
    public async Task<string> ResetFileAsync(int gpu)
    {
        var devices = await AgentAsync("devices");
        return $"{Machine.Root}{Folder}/host/sys/bus/pci/devices/{devices[gpu].GetProperty("pciAddress").GetString()}/reset";
    }

    public async Task<JsonElement> AgentAsync(string command)
    {
        var (status, output) = await Machine.TryRunAsync("aiinfra-agent", command, "-o", "json");
        Assert.True(status is 0 or 1, output + await StoryAsync());
        return JsonDocument.Parse(output).RootElement.Clone();
    }

    public async Task<JsonElement> FleetAsync(string path) => JsonDocument.Parse(await _http.GetStringAsync(new Uri($"https://127.0.0.1:9443/api/v1/{path}"), Stop)).RootElement.Clone();

    /// <summary>The names of the alerts that Alertmanager has for this node now.</summary>
    public async Task<List<string>> AlertsAsync()
    {
        using var json = JsonDocument.Parse(await _http.GetStringAsync(new Uri("http://127.0.0.1:9093/api/v2/alerts?active=true"), Stop));
        return [.. json.RootElement.EnumerateArray().Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!)];
    }

    /// <summary>The status of a condition of the node, as the API server has it.</summary>
    public async Task<string?> ConditionAsync(string type) => (await Api.GetAsync($"/api/v1/nodes/{Node}")).GetProperty("status").GetProperty("conditions").EnumerateArray()
        .Where(condition => condition.GetProperty("type").GetString() == type).Select(condition => condition.GetProperty("status").GetString()).FirstOrDefault();

    /// <summary>Asks until true; what is not up yet is asked again.</summary>
    public Task UntilAsync(Func<Task<bool>> ask, TimeSpan? patience = null) => Eventually.AsyncTrue(async () =>
    {
        try
        {
            return await ask();
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException && !Stop.IsCancellationRequested)
        {
            return false;
        }
    }, () => StoryAsync().GetAwaiter().GetResult(), patience ?? TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
        await Machine.TryRunAsync("rm", "-rf", Folder, "/var/lib/kubelet");
        _http.Dispose();
        _folder.Dispose();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Prometheus with the rules that are shipped, scraping both programs; Alertmanager behind it.</summary>
    private void StartMonitoring()
    {
        // It is unpacked, not installed, and looks for its templates below /usr/share: it gets one of its own.
        _folder.Write("alertmanager.yml", "route: { receiver: none }\nreceivers: [{ name: none }]\n");
        Keep(Machine.StartOnItsNetwork("unshare", ["--mount", "sh", "-c", "mount --bind \"$1\" /usr/share && shift && exec \"$@\"", "sh", Path.Combine(Tools, "usr", "share"),
            Path.Combine(Tools, "usr", "bin", "prometheus-alertmanager"), $"--config.file={_folder.Path}/alertmanager.yml", $"--storage.path={_folder.Path}/alertmanager",
            "--web.listen-address=127.0.0.1:9093", "--cluster.listen-address="]));
        foreach (var file in new[] { "aiinfra-records.yaml", "aiinfra-alerts.yaml" }) // as they are, but that a gap of five minutes is one of five seconds: an alert ends when its cause does
            _folder.Write(file, File.ReadAllText(RepositoryRoot.Combine("deploy", "prometheus", file)).Replace("[5m]", "[5s]", StringComparison.Ordinal));
        _folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: ["{{_folder.Path}}/aiinfra-*.yaml"]
            alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:9093"] }] }] }
            scrape_configs:
              - { job_name: aiinfra-agent, honor_labels: true, static_configs: [{ targets: ["127.0.0.1:9400"], labels: { node: {{Node}} } }] }
              - { job_name: aiinfra-aggregator, static_configs: [{ targets: ["127.0.0.1:9401"] }] }
            """);
        Keep(Machine.StartOnItsNetwork(Path.Combine(Tools, "usr", "bin", "prometheus"),
            [$"--config.file={_folder.Path}/prometheus.yml", $"--storage.tsdb.path={_folder.Path}/prometheus", "--web.listen-address=127.0.0.1:9090"]));
    }

    private async Task<string> TokenAsync(string role) =>
        (await Machine.RunAsync("runuser", "-u", "aiinfra-aggregator", "--", "aiinfra-aggregator", "token", "create", "--role", role)).Trim();

    private Task<string> SimulateAsync(string command, params string[] more) =>
        Machine.RunAsync([$"{Simulators}/aiinfra-simnode", command, "--scenario", $"{Folder}/scenario.txt", "--state", Folder, .. more]);

    private string Script(string text)
    {
        var file = _folder.Write("chromium", $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return file;
    }

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private async Task<string> StoryAsync() => $"""
        {await Machine.JournalOfAsync("aiinfra-agent")}
        {await Machine.JournalOfAsync("aiinfra-aggregator")}
        {(await Machine.TryRunAsync("aiinfra-agent", "actions")).Output}
        {string.Join("\n", _parts.OfType<PeerProcess>().Select(part => part.Transcript[^Math.Min(part.Transcript.Length, 3000)..]))}
        """;
}
