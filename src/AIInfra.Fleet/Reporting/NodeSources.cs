using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Workloads;
using AIInfra.Fleet.V1;
using Workload = AIInfra.Fleet.V1.Workload;

namespace AIInfra.Fleet.Reporting;

/// <summary>The boards that a node is told from.</summary>
/// <param name="Labels">Found by the agent: features of the devices, then the labels of the node's object; those of fleet.labels win over them.</param>
/// <param name="Operations">Of the journal: what is under way and what ended lately. Read at each look; cheap.</param>
/// <param name="Paused">Null, or who paused remediation and why.</param>
public sealed record NodeSources(
    HealthBoard Health, InventoryBoard Inventory, WorkerBoard Workers, HostPaths Host, Latest<Holdings>? Holdings, ImmutableArray<Latest<ImmutableSortedDictionary<string, string>>> Labels,
    Func<IReadOnlyList<Operation>> Operations, Func<string?> Paused);

/// <summary>Makes the protocol's messages of the node from the boards' newest snapshots.</summary>
internal sealed class NodeReader(NodeSources sources, FleetOptions options)
{
    private const int MostOperations = 100;

    private readonly string _bootId = sources.Host.ReadBootId(), _machineId = sources.Host.ReadMachineId();
    private readonly string _image = Image(sources.Host), _kernel = ReadFirstLine(Path.Combine(sources.Host.Proc, "sys/kernel/osrelease"));

    private HealthSnapshot _seenHealth = HealthSnapshot.Empty;
    private NodeInventory _seenInventory = NodeInventory.Empty;
    private Holdings _seenHoldings = Holdings.Unknown;
    private ImmutableArray<ImmutableSortedDictionary<string, string>> _seenLabels = [];

    public string BootId => _bootId;
    public string MachineId => _machineId;

    public NodeState Read()
    {
        var (inventory, health) = (sources.Inventory.Current.Value, sources.Health.Current.Value);
        var state = new NodeState { Facts = Facts(inventory) };
        state.Devices.AddRange(inventory.Devices.Select(device => Device(device, health.Devices)));
        state.Problems.AddRange(health.Problems.Select(Problem));
        state.Workloads.AddRange(Workloads());
        state.Operations.AddRange(sources.Operations().TakeLast(MostOperations));
        return state;
    }

    /// <summary>Completes when a board has something newer than when it was called.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> waits =
        [
            sources.Health.Current.WaitForChangeAsync(_seenHealth, either.Token), sources.Inventory.Current.WaitForChangeAsync(_seenInventory, either.Token),
            Task.Delay(longest, time, either.Token),
        ];
        waits.AddRange(sources.Labels.Select((labels, at) => labels.WaitForChangeAsync(_seenLabels[at], either.Token)));
        if (sources.Holdings is { } holdings)
            waits.Add(holdings.WaitForChangeAsync(_seenHoldings, either.Token));
        await Task.WhenAny(waits);
        await either.CancelAsync(); // or each turn would leave waiters behind on the boards that stay quiet
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Remembers what <see cref="WaitAsync"/> waits for something newer than. Called before <see cref="Read"/>.</summary>
    public void Mark() => (_seenHealth, _seenInventory, _seenHoldings, _seenLabels) =
        (sources.Health.Current.Value, sources.Inventory.Current.Value, sources.Holdings?.Value ?? Holdings.Unknown, [.. sources.Labels.Select(labels => labels.Value)]);

    private V1.NodeFacts Facts(NodeInventory inventory)
    {
        var facts = new V1.NodeFacts
        {
            Simulated = sources.Host.IsSimulated || inventory.Vendors.Any(vendor => vendor.IsSimulated),
            Remediation = options.Remediation,
            Paused = sources.Paused() is not null,
            AgentVersion = options.Version,
            BootId = _bootId,
            MachineId = _machineId,
            Image = _image,
            Kernel = _kernel,
        };
        foreach (var (name, value) in sources.Labels.SelectMany(labels => labels.Value).Concat(options.Labels))
            facts.Labels[name] = value;
        foreach (var part in sources.Workers.Parts.Values.Where(part => !part.IsReady && part.Name != FleetReporter.Part))
            facts.NotReady[part.Name] = part.Detail ?? "";
        facts.Vendors.AddRange(inventory.Vendors.Where(vendor => vendor.State != VendorState.Absent).Select(vendor => new Vendor
        {
            Name = vendor.Vendor,
            State = Words.Of(vendor.State),
            Reason = vendor.Reason ?? "",
            DriverVersion = vendor.DriverVersion ?? "",
            LibraryVersion = vendor.LibraryVersion ?? "",
        }));
        return facts;
    }

    private static V1.Device Device(Core.Devices.Device device, DeviceHealth health)
    {
        var told = new V1.Device
        {
            Id = device.Id,
            Vendor = device.Vendor,
            Model = device.Model,
            Resource = device.ResourceName,
            Index = device.Index,
            PciAddress = device.PciAddress ?? "",
            Serial = device.Serial ?? "",
            NumaNode = device.NumaNode ?? -1,
            MemoryBytes = device.MemoryBytes ?? 0,
            Parent = device.ParentId ?? "",
            Profile = device.Partition?.Profile ?? "",
            Healthy = health.IsHealthy(device),
        };
        told.Links.AddRange(device.Links.Where(link => link.Kind == LinkKind.Direct).Select(link => new Link { Peer = link.PeerId, Kind = Words.Of(link.Kind), Count = link.Count }));
        return told;
    }

    private static V1.Problem Problem(Core.Health.Problem problem)
    {
        var told = new V1.Problem
        {
            Key = Key(problem.Id, problem.Subject),
            Severity = Words.Of(problem.Severity),
            Cause = Words.Of(problem.Cause),
            Action = Words.Of(problem.Action),
            Message = problem.Message,
            FirstSeenMilliseconds = problem.FirstSeen.ToUnixTimeMilliseconds(),
            LastSeenMilliseconds = problem.LastSeen.ToUnixTimeMilliseconds(),
            Count = problem.Count,
            Incident = problem.Incident?.Id ?? "",
            Headline = problem.Incident?.Headline ?? "",
        };
        told.Evidence.AddRange(problem.Evidence);
        return told;
    }

    internal static ProblemKey Key(string id, Subject subject) => new() { Id = id, SubjectKind = Words.Of(subject.Kind), Subject = subject.Id };

    private IEnumerable<Workload> Workloads() => (sources.Holdings?.Value.All ?? [])
        .GroupBy(holding => (holding.Holder.Namespace, holding.Holder.Pod))
        .Select(pod =>
        {
            var details = pod.First().Details;
            var told = new Workload
            {
                Id = details?.Uid ?? $"{pod.Key.Namespace}/{pod.Key.Pod}",
                Namespace = pod.Key.Namespace,
                Name = pod.Key.Pod,
                Job = JobLabels.Find(details?.Labels ?? []) is { } job ? $"{pod.Key.Namespace}/{job}" : "",
            };
            told.Devices.AddRange(pod.Select(holding => holding.Device.Id).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
            return told;
        });

    private static string Image(HostPaths host)
    {
        try
        {
            var line = File.ReadLines(Path.Combine(host.Root, "etc/os-release")).FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal));
            return line?["PRETTY_NAME=".Length..].Trim('"') ?? "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string ReadFirstLine(string file)
    {
        try
        {
            return File.ReadLines(file).FirstOrDefault()?.Trim() ?? "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
