using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Workloads;
using AIInfra.Fleet;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.Reporting;
using AIInfra.Fleet.V1;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Device = AIInfra.Core.Devices.Device;
using Problem = AIInfra.Core.Health.Problem;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>The agent's side as the daemon composes it, on boards that a test fills.</summary>
internal sealed class TestAgent : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _running;

    private TestAgent(FleetOptions options, LeaseFallback? leases)
    {
        Folder = options.Folder;
        Grants = new FleetGrants(options, _ => Outcome, TimeProvider.System, Progress, leases);
        var sources = new NodeSources(Health, Inventory, Workers, new HostPaths { Root = options.Folder }, new Latest<Holdings>(Holdings.Unknown), [Labels], () => Operations, () => null);
        var reporter = new FleetReporter(options, sources, Grants, Workers, TimeProvider.System, NullLogger<FleetReporter>.Instance);
        Inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570.1", Devices = [.. Enumerable.Range(0, 8).Select(Gpu)] });
        _running = Task.Run(() => reporter.RunAsync(_ended.Token));
    }

    public HealthBoard Health { get; } = new(TimeProvider.System, "boot-1", []);
    public InventoryBoard Inventory { get; } = new();
    public WorkerBoard Workers { get; } = new();
    public Latest<ImmutableSortedDictionary<string, string>> Labels { get; } = new(ImmutableSortedDictionary<string, string>.Empty.Add("rack", "r1"));
    public IReadOnlyList<Operation> Operations { get; set; } = [];
    public Core.Remediation.ActionResult? Outcome { get; set; }
    public FleetGrants Grants { get; }
    public Core.Remediation.StepProgress Progress { get; } = new();
    /// <summary>Of the agent's state.</summary>
    public string Folder { get; }

    /// <summary>As /readyz shows it; null when the part is ready.</summary>
    public string? Complaint => Workers.Parts.TryGetValue(FleetReporter.Part, out var part) && part.IsReady ? null : part?.Detail ?? "not started";

    public static TestAgent Start(TestFleet fleet, string node, string credentials, Func<FleetOptions, FleetOptions>? tune = null) => Start(fleet.Address, fleet.FolderOf(node), node, credentials, tune);

    public static TestAgent Start(Uri aggregator, string folder, string node, string credentials, Func<FleetOptions, FleetOptions>? tune = null, LeaseFallback? leases = null)
    {
        var options = Options(aggregator, node, credentials, folder);
        return new TestAgent(tune?.Invoke(options) ?? options, leases);
    }

    private static FleetOptions Options(Uri aggregator, string node, string credentials, string folder) => new()
    {
        Aggregator = aggregator,
        Node = node,
        Credentials = credentials,
        Folder = Directory.CreateDirectory(folder).FullName,
        Version = "0.1.0",
        LongestWait = TimeSpan.FromMilliseconds(200),
        CountPace = TimeSpan.FromMilliseconds(300),
        GrantPatience = TimeSpan.FromSeconds(5),
    };

    /// <summary>Joins, and is known to the aggregator.</summary>
    public static async Task<TestAgent> StartConnectedAsync(TestFleet fleet, string node)
    {
        var agent = Start(fleet, node, fleet.WriteJoinToken());
        await TestFleet.UntilAsync(() => fleet.View.Find(node) is { Devices.Length: 8 } && agent.Complaint is null, () => $"{node} is connected; it says: {agent.Complaint}");
        return agent;
    }

    public void Report(string id, int gpu, Severity severity = Severity.Fatal, string message = "The GPU fell off the bus.") => Health.Report(new ProblemReport
    {
        Id = id,
        Subject = Subject.Device(Gpu(gpu).Id),
        Severity = severity,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Reboot,
        Clearing = Clearing.OnBoot,
        Message = message,
        Evidence = "NVRM: Xid",
        At = TimeProvider.System.GetUtcNow(),
    });

    public void Clear(string id, int gpu) => Assert.True(Health.Clear(id, Subject.Device(Gpu(gpu).Id)));

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        _ended.Dispose();
        Health.Dispose();
    }

    public static Device Gpu(int index) => new()
    {
        Id = $"GPU-{index}",
        Vendor = "nvidia",
        Model = "NVIDIA H100 80GB HBM3",
        ResourceName = "nvidia.com/gpu",
        Index = index,
        PciAddress = $"0000:{index:x2}:00.0",
        Links = [.. Enumerable.Range(0, 8).Where(peer => peer != index).Select(peer => new DeviceLink($"GPU-{peer}", LinkKind.Direct, 18))],
    };
}
