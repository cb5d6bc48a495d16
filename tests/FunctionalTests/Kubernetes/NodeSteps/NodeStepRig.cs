using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

/// <summary>The real node steps of an agent with <c>remediation.drain: self</c>, with the rights and under the policies that are shipped, beside a stand-in API server.</summary>
internal sealed class NodeStepRig : IAsyncDisposable
{
    public const string Problem = "nvidia.xid.79", Operation = "a1b2c3d4e5f6";

    private NodeStepRig(ReportingRig reporting) => Reporting = reporting;

    public ReportingRig Reporting { get; }
    public ApiServerPeer Server => Reporting.Server;
    public ClusterBoard Cluster => Reporting.Cluster;
    public PodResourcesBoard Held { get; } = new();
    public StepProgress Progress { get; } = new();
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<NodeStepRig> StartAsync(bool withForce = false, params string[] options)
    {
        string Deploy(string file) => RepositoryRoot.Combine("deploy", "kubernetes", file);
        string[] force = withForce ? ["--manifest", Deploy("drain-force.yaml")] : [];
        var reporting = await ReportingRig.StartAsync(null, ["--manifest", Deploy("rbac.yaml"), "--manifest", Deploy("agent-admission.yaml"), "--manifest", Deploy("drain-self.yaml"), .. force, .. options]);
        await reporting.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/aiinfra-agent-no-spec"}""");
        reporting.SetsTaint = true;
        reporting.Tune = asIs => asIs with { Budget = new RequestBudget(1000, 1000, asIs.Time) };
        var rig = new NodeStepRig(reporting);
        await rig.ConnectAsync();
        return rig;
    }

    /// <summary>Starts the agent's reporting, and waits until it knows node and pods.</summary>
    public async Task<CancellationTokenSource> ConnectAsync()
    {
        var running = Reporting.Run();
        await Reporting.EventuallyAsync(() => Task.FromResult(Cluster.Current.Value is { WhyNot: null, Link: not null } && Reporting.NodePods.Current.Value.Gap is null),
            () => $"{Cluster.Current.Value} {Reporting.NodePods.Current.Value.Gap}");
        return running;
    }

    public Cordon Cordon => new(Cluster, Writer, Look, Reporting.Time);
    public Uncordon Uncordon => new(Cluster, Writer);
    public TaintNode Taint => new(Cluster, Writer, Reporting.Time);
    public Drain Drain => new(Cluster, Reporting.NodePods, Look, Progress, Reporting.Time, () => 0.1);
    private NodeWriter Writer => new(Cluster, Reporting.Time, () => 0.1);
    private DrainLook Look => new(Cluster, new DevicePods(Held, new OfferBoard(Reporting.Inventory, [], NullLogger<OfferBoard>.Instance), Reporting.Inventory));

    public static ActionStep Step(string action, DrainScope scope = DrainScope.Node, string operation = Operation, string problem = Problem, double deadline = 30, params string[] arguments) => new()
    {
        Id = $"{operation}-{action}",
        Operation = operation,
        Action = action,
        Arguments = [.. arguments],
        Subject = Subject.Device(TestGpus.Id(3)),
        ProblemId = problem,
        Drain = scope,
        ResetGroup = scope == DrainScope.Device ? [TestGpus.Id(3)] : [],
        Deadline = TimeSpan.FromSeconds(deadline),
        BootId = "boot-1",
    };

    public Task<ActionResult> CordonAsync(string operation = Operation, string problem = Problem) => Cordon.RunAsync(Step("cordon", operation: operation, problem: problem), Stop);

    public Task<ActionResult> UncordonAsync(string operation = Operation) => Uncordon.RunAsync(Step("uncordon", operation: operation), Stop);

    /// <summary>A running pod of a ReplicaSet; parts of it as JSON members.</summary>
    public Task AddPodAsync(string name, string node = ApiServerPeer.Node, string? owner = "ReplicaSet", string labels = "", string annotations = "", string spec = "", string metadata = "", string phase = "Running") => Server.AskAsync($$"""
        {"command":"put","object":{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"default","name":"{{name}}"{{metadata}},"labels":{ {{labels}} },"annotations":{ {{annotations}} }{{Owner(owner)}} },
         "spec":{"nodeName":"{{node}}","containers":[{"name":"main","image":"example.com/main:1"}]{{spec}} },
         "status":{"phase":"{{phase}}","conditions":[{"type":"Ready","status":"True"}] } } }
        """);

    public Task AddBudgetAsync(string name, string app, string minAvailable) => Server.AskAsync($$"""
        {"command":"put","object":{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"namespace":"default","name":"{{name}}"},
         "spec":{"minAvailable":{{minAvailable}},"selector":{"matchLabels":{"app":"{{app}}"} } } } }
        """);

    /// <summary>Names of the pods of the default namespace that are there and do not end.</summary>
    public async Task<IReadOnlyList<string>> PodsAsync() => [.. (await Server.GetAsync("/api/v1/namespaces/default/pods")).GetProperty("items").EnumerateArray().Select(pod => pod.GetProperty("metadata"))
        .Where(meta => !meta.TryGetProperty("deletionTimestamp", out _)).Select(meta => meta.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];

    public async Task<bool> IsCordonedAsync() => (await Reporting.NodeAsync()).GetProperty("spec").TryGetProperty("unschedulable", out var value) && value.GetBoolean();

    public async Task<string?> AnnotationAsync(string key) =>
        (await Reporting.NodeAsync()).GetProperty("metadata").TryGetProperty("annotations", out var all) && all.TryGetProperty(key, out var value) ? value.GetString() : null;

    public async Task<IReadOnlyList<string>> TaintsAsync() => (await Reporting.NodeAsync()).GetProperty("spec").TryGetProperty("taints", out var taints)
        ? [.. taints.EnumerateArray().Select(taint => $"{taint.GetProperty("key").GetString()}:{taint.GetProperty("effect").GetString()}").Order(StringComparer.Ordinal)] : [];

    public Task<int> EvictionsAsync(int? status = null) => Server.CountAsync($$"""{"resource":"^pods/eviction$"{{(status is { } code ? $",\"status\":\"{code}\"" : "")}}}""");

    public Task EventuallyAsync(Func<Task<bool>> holds, string what) => Reporting.EventuallyAsync(holds, () => what);

    /// <summary>Says which pods hold the GPUs, as a kubelet would.</summary>
    public void Hold(params (int Gpu, string Pod)[] held) => Held.Publish("kubelet", PodResourcesSnapshot.Of(
        Reporting.Time.GetUtcNow(), held.Select(one => new HeldUnit("nvidia.com/gpu", TestGpus.Id(one.Gpu), new PodHolder("default", one.Pod, "main"))), held.Select(one => ("default", one.Pod)), []));

    public ValueTask DisposeAsync() => Reporting.DisposeAsync();

    private static string Owner(string? kind) => kind is null ? "" : $$""","ownerReferences":[{"apiVersion":"apps/v1","kind":"{{kind}}","name":"owner","uid":"11111111-2222-3333-4444-555555555555","controller":true}]""";

    /// <summary>A step of its own, begun now.</summary>
    public Task<ActionResult> StartDrainAsync(ActionStep step) => Task.Run(() => Drain.RunAsync(step, Stop), Stop);

    public static ImmutableArray<JsonElement> Items(JsonElement list) => [.. list.GetProperty("items").EnumerateArray()];
}
