using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Hosting;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Configuration;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.FunctionalTests.Fleet;
using AIInfra.FunctionalTests.VendorHost;
using AIInfra.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using GrantRequest = AIInfra.Core.Remediation.GrantRequest;

namespace AIInfra.FunctionalTests.Cluster;

/// <summary>An aggregator in a cluster, with the rights and under the policies that are shipped, its own database, and the agents' own side over real streams.</summary>
internal sealed class ClusterRig : IAsyncDisposable
{
    public const string Problem = "nvidia.xid.79", Operation = "a1b2c3d4e5f6";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("aik-cluster-").FullName;
    private readonly string _config;
    private RunningAggregator? _running;
    private PeerProcess? _process;

    private ClusterRig(ApiServerPeer server, string more, string budgets)
    {
        Server = server;
        Port = FreePort();
        File.WriteAllText(Path.Combine(_folder, "policy.yaml"), $$"""
            budgets:
            {{budgets}}
            breaker: { percent: 100 }
            view: { seenPercent: 1, for: 0s }
            lifetime: 30s
            """);
        _config = $$"""
            listen: { address: "127.0.0.1:{{Port}}" }
            metrics: { address: "127.0.0.1:0" }
            state: { path: {{StateFolder}} }
            store: { connection: "Data Source={{_folder}}/aggregator.db" }
            grants: { policy: {{_folder}}/policy.yaml }
            kubernetes: { kubeconfig: {{server.Kubeconfig("agent-file")}}{{more}} }
            """;
        File.WriteAllText(ConfigFile, _config);
        Database = FleetDatabase.Open($"Data Source={_folder}/aggregator.db", TimeProvider.System, NullLogger<FleetDatabase>.Instance);
    }

    public ApiServerPeer Server { get; }
    public int Port { get; }
    public FleetDatabase Database { get; }
    public FleetView View => _running!.Services.GetRequiredService<FleetView>();
    public GrantControls Controls => _running!.Services.GetRequiredService<GrantControls>();
    private string StateFolder => Path.Combine(_folder, "aggregator");
    private string ConfigFile => Path.Combine(_folder, "aggregator.yaml");
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="more">Further keys of the section kubernetes, after a comma.</param>
    /// <param name="starts">False: the test starts the aggregator, as a process of its own.</param>
    public static async Task<ClusterRig> StartAsync(string more = "", string budgets = "- { name: fleet, maxUnavailable: 100% }", bool starts = true, params string[] manifests)
    {
        string Deploy(string file) => RepositoryRoot.Combine("deploy", "kubernetes", file);
        var server = await ApiServerPeer.StartAsync(
            ["--agent", "aiinfra-system/aiinfra-aggregator", "--manifest", Deploy("rbac.yaml"), "--manifest", Deploy("aggregator-rbac.yaml"), .. manifests.SelectMany(file => (string[])["--manifest", Deploy(file)])]);
        var rig = new ClusterRig(server, more, budgets);
        if (starts)
            await rig.StartAgainAsync();
        return rig;
    }

    public async Task StartAgainAsync()
    {
        var (values, _) = YamlConfigReader.Read("test", _config);
        var (config, errors) = AggregatorKeys.Schema.Check(values);
        Assert.Empty(errors);
        _running = await RunningAggregator.StartAsync(config, null, Stop);
    }

    public async Task StopAsync()
    {
        await _running!.DisposeAsync();
        _running = null;
    }

    public async Task StartProcessAsync()
    {
        _process = PeerProcess.Start(VendorFolder.Program, [_folder, "aggregator", ConfigFile]);
        await EventuallyAsync(() => Task.FromResult(_process.Transcript.Contains("serves agents", StringComparison.Ordinal)), () => _process.Transcript);
    }

    public async Task KillProcessAsync()
    {
        _process!.Kill();
        await _process.DisposeAsync();
        _process = null;
    }

    /// <summary>An agent that has joined, and is in sight.</summary>
    public async Task<TestAgent> JoinAsync(string node, Func<AIInfra.Fleet.FleetOptions, AIInfra.Fleet.FleetOptions>? tune = null, AIInfra.Fleet.Granting.LeaseFallback? leases = null)
    {
        var token = new Tokens(StateFolder, TimeProvider.System).Create(TokenRole.Join, "test", TimeSpan.FromHours(1), "*", Authority.Open(StateFolder, TimeProvider.System).Fingerprint);
        var file = Path.Combine(_folder, $"join-{node}");
        await File.WriteAllTextAsync(file, token, Stop);
        var agent = TestAgent.Start(new Uri($"https://127.0.0.1:{Port}"), FolderOf(node), node, file, tune, leases);
        await EventuallyAsync(() => Task.FromResult(agent.Complaint is null), () => agent.Complaint ?? "");
        return agent;
    }

    /// <summary>A grant, as soon as the aggregator is armed.</summary>
    public static async Task<IGrant> GrantAsync(TestAgent agent, string operation = Operation, string action = "cordon", DrainScope scope = DrainScope.Node)
    {
        GrantAnswer answer = GrantAnswer.Refused("");
        await EventuallyAsync(async () => (answer = await agent.Grants.AskAsync(new GrantRequest(operation, action, scope), Stop)).Grant is not null, () => answer.Why);
        return answer.Grant!;
    }

    public static ActionStep Step(string action, DrainScope scope = DrainScope.Node, string operation = Operation, double deadline = 60, params string[] arguments) => new()
    {
        Id = $"{operation}-{action}",
        Operation = operation,
        Action = action,
        Arguments = [.. arguments],
        Subject = Subject.Device("GPU-3"),
        ProblemId = Problem,
        Drain = scope,
        ResetGroup = scope == DrainScope.Device ? ["GPU-3"] : [],
        Deadline = TimeSpan.FromSeconds(deadline),
        BootId = "boot-1",
    };

    public static Task<ActionResult> DoAsync(TestAgent agent, ActionStep step) => agent.Grants.Steps.DoAsync(step, Stop);

    public string FolderOf(string node) => Path.Combine(_folder, "agents", node);

    /// <summary>What the node says of who holds its devices.</summary>
    public void Hold(string node, params (int Gpu, string Pod)[] held) => View.Apply(node, before => before! with
    {
        Workloads = [.. held.Select(one => new WorkloadRecord(one.Pod, "default", one.Pod, "", [$"GPU-{one.Gpu}"]))],
    });

    /// <summary>A running pod of a ReplicaSet; parts of it as JSON members.</summary>
    public Task AddPodAsync(string name, string node = ApiServerPeer.Node, string labels = "", string annotations = "") => Server.AskAsync($$"""
        {"command":"put","object":{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"{{name}}","labels":{ {{labels}} },"annotations":{ {{annotations}} },
          "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"owner","uid":"11111111-2222-3333-4444-555555555555","controller":true}]},
         "spec":{"nodeName":"{{node}}","containers":[{"name":"main","image":"example.com/main:1"}]},
         "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}] } } }
        """);

    public Task AddBudgetAsync(string name, string app, string minAvailable) => Server.AskAsync($$"""
        {"command":"put","object":{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"default","name":"{{name}}"},
         "spec":{"minAvailable":{{minAvailable}},"selector":{"matchLabels":{"app":"{{app}}"} } } } }
        """);

    /// <summary>Names of the pods of the default namespace that are there and do not end.</summary>
    public async Task<IReadOnlyList<string>> PodsAsync() => [.. (await Server.GetAsync("/api/v1/namespaces/default/pods")).GetProperty("items").EnumerateArray().Select(pod => pod.GetProperty("metadata"))
        .Where(meta => !meta.TryGetProperty("deletionTimestamp", out _)).Select(meta => meta.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];

    public async Task<bool> IsCordonedAsync() => (await Server.GetAsync($"/api/v1/nodes/{ApiServerPeer.Node}")).GetProperty("spec").TryGetProperty("unschedulable", out var value) && value.GetBoolean();

    public async Task<string?> AnnotationAsync(string key) =>
        (await Server.GetAsync($"/api/v1/nodes/{ApiServerPeer.Node}")).GetProperty("metadata").TryGetProperty("annotations", out var all) && all.TryGetProperty(key, out var value) ? value.GetString() : null;

    public Task<int> EvictionsAsync(int status) => Server.CountAsync($$"""{"resource":"^pods/eviction$","status":"{{status}}"}""");

    /// <summary>The audit, oldest first: what, node, operation and the sentence.</summary>
    public async Task<List<string>> TrailAsync() =>
        [.. (await new AuditLog(Database).ReadAsync(new AuditQuery(null, null, null, null, 1000), Stop)).Reverse().Select(entry => $"{entry.What} {entry.Node} {entry.Operation}: {entry.Says}")];

    public async Task<int> CountAsync(string what) => (await TrailAsync()).Count(line => line.StartsWith($"{what} ", StringComparison.Ordinal));

    public static async Task EventuallyAsync(Func<Task<bool>> holds, Func<string> what)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(Patience);
        try
        {
            while (!await holds())
                await Task.Delay(50, patience.Token);
        }
        catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
        {
            Assert.Fail($"Not within {Patience.TotalSeconds} s: {what()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        if (_process is not null)
            await _process.DisposeAsync();
        await Database.DisposeAsync();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
