using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;
using Microsoft.Extensions.Logging;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>The real reporting on real boards, beside a stand-in API server.</summary>
internal sealed class ReportingRig : IAsyncDisposable, IDeviceHolders
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _ended = new();
    private readonly LoggerFactory _loggers;
    private readonly List<Task> _running = [];

    private ReportingRig(ApiServerPeer server, TimeProvider time)
    {
        (Server, Time, _loggers) = (server, time, new LoggerFactory([Log]));
        Health = new HealthBoard(time, "boot-1", []);
        Releases = new VendorReleases(time, []);
        Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
    }

    public ApiServerPeer Server { get; }
    public TimeProvider Time { get; }
    public InventoryBoard Inventory { get; } = new();
    public HealthBoard Health { get; set; }
    public WorkerBoard Board { get; } = new();
    public VendorReleases Releases { get; }
    public VendorPauses Pauses { get; } = new();
    public Latest<ImmutableSortedDictionary<string, string>> Labels { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));
    public KubeletRig.LogLines Log { get; } = new();
    public Dictionary<string, DeviceHolder[]> Holders { get; } = [];
    public string NodeName { get; set; } = ApiServerPeer.Node;
    public string Kubeconfig { get; set; } = "agent-file";
    /// <summary><c>remediation.drain: self</c>, the taint and the pods that are followed for it.</summary>
    public bool SetsTaint { get; set; }
    public ClusterBoard Cluster { get; } = new();
    public PodBoard NodePods { get; } = new();
    public Core.Health.Npd.NpdBoard? Npd { get; set; }
    public PodDirectory Pods { get; } = new();
    /// <summary>Null: pods are not followed.</summary>
    public ImmutableArray<string>? PodLabels { get; set; }
    public Func<ApiClientOptions, ApiClientOptions> Tune { get; set; } = asIs => asIs;

    public static async Task<ReportingRig> StartAsync(TimeProvider? time = null, params string[] options) =>
        new(await ApiServerPeer.StartAsync(options), time ?? TimeProvider.System);

    public IReadOnlyList<DeviceHolder>? HoldersOf(string deviceId) => Holders.GetValueOrDefault(deviceId) ?? [];

    /// <summary>Starts an agent's reporting; what is random is small.</summary>
    public CancellationTokenSource Run(string machineId = "")
    {
        var options = new ReportingOptions
        {
            NodeName = NodeName,
            Kubeconfig = File.Exists(Kubeconfig) ? Kubeconfig : Server.Kubeconfig(Kubeconfig),
            Version = "1.2.3",
            SetsTaint = SetsTaint,
            MovesPods = SetsTaint,
            FollowsPods = PodLabels is not null,
            PodLabels = PodLabels ?? [],
            BootId = "boot-1",
            MachineId = machineId,
        };
        var worker = new KubernetesWorker(options, new ReportingBoards(Health, Inventory, Board, Releases, Pauses, new FeatureLabels(Labels), this, Npd, Pods, Cluster: Cluster, NodePods: NodePods), Time, _loggers) { Random = () => 0.01, Tune = Tune };
        var one = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        _running.Add(Task.Run(() => worker.RunAsync(one.Token)));
        return one;
    }

    public void Report(string id, int gpu, Severity severity = Severity.Fatal, Cause cause = Cause.Hardware, SuggestedAction action = SuggestedAction.Reboot, string message = "The GPU fell off the bus.") =>
        Report(id, Subject.Device(TestGpus.Id(gpu)), severity, cause, action, message);

    public void Report(string id, Subject subject, Severity severity, Cause cause = Cause.Hardware, SuggestedAction action = SuggestedAction.Reboot, string message = "It broke.") => Health.Report(new ProblemReport
    {
        Id = id,
        Subject = subject,
        Severity = severity,
        Cause = cause,
        Action = action,
        Clearing = Clearing.OnHealthyReading,
        Message = message,
        Evidence = "a line",
        At = Time.GetUtcNow(),
        FlapWindow = TimeSpan.Zero,
    });

    public Task<JsonElement> NodeAsync() => Server.GetAsync($"/api/v1/nodes/{ApiServerPeer.Node}");

    /// <summary>Null when the node has none of that type.</summary>
    public async Task<JsonElement?> ConditionAsync(string type) =>
        (await NodeAsync()).TryGetProperty("status", out var status) && status.TryGetProperty("conditions", out var conditions)
            ? conditions.EnumerateArray().Where(condition => condition.GetProperty("type").GetString() == type).Select(condition => (JsonElement?)condition).FirstOrDefault()
            : null;

    public async Task<JsonElement> WaitForConditionAsync(string type, string status, string? reason = null)
    {
        JsonElement? found = null;
        await EventuallyAsync(async () => (found = await ConditionAsync(type)) is { } there && there.GetProperty("status").GetString() == status
            && (reason is null || there.GetProperty("reason").GetString() == reason), () => $"{type} is {found?.GetRawText() ?? "not there"}");
        return found!.Value;
    }

    public async Task<IReadOnlyList<JsonElement>> EventsAsync(string inNamespace = "default") =>
        [.. (await Server.GetAsync($"/apis/events.k8s.io/v1/namespaces/{inNamespace}/events")).GetProperty("items").EnumerateArray()];

    public async Task<JsonElement> WaitForEventAsync(string reason, string inNamespace = "default", Func<JsonElement, bool>? holds = null)
    {
        IReadOnlyList<JsonElement> all = [];
        JsonElement found = default;
        await EventuallyAsync(async () =>
        {
            all = await EventsAsync(inNamespace);
            found = all.FirstOrDefault(one => one.GetProperty("reason").GetString() == reason && holds?.Invoke(one) != false);
            return found.ValueKind == JsonValueKind.Object;
        }, () => $"events are {string.Join("\n", all.Select(one => one.GetRawText()))}");
        return found;
    }

    public Task WaitForPartAsync(string name, bool isReady, string text = "") => EventuallyAsync(
        () => Task.FromResult(Board.Parts.GetValueOrDefault(name) is { } part && part.IsReady == isReady && (text.Length == 0 || part.Detail?.Contains(text, StringComparison.Ordinal) == true)),
        () => $"{name} is {Board.Parts.GetValueOrDefault(name)}; all: {string.Join("\n", Board.Parts.Values)}");

    /// <summary>Polls the other program, which gives no signal. With a manual clock it is moved on meanwhile.</summary>
    public async Task EventuallyAsync(Func<Task<bool>> holds, Func<string> why)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!await holds())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"{why()}\nThe log:\n{string.Join("\n", Log.All)}");
            if (Time is ManualTime manual)
                manual.Advance(TimeSpan.FromMilliseconds(200));
            await Task.Delay(30, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_running).ContinueWith(_ => { }, TaskScheduler.Default);
        _loggers.Dispose();
        _ended.Dispose();
        Health.Dispose();
        await Server.DisposeAsync();
    }
}
