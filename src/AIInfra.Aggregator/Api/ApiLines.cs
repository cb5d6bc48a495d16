using AIInfra.Aggregator.Nodes;
using AIInfra.Core.Health;
using AIInfra.Core.Metrics;

namespace AIInfra.Aggregator.Api;

/// <summary>From the records to what the API says.</summary>
internal static class ApiLines
{
    public const string Connected = "connected", Reconnecting = "reconnecting", Lost = "lost";

    public static string State(NodeRecord node) => node.IsConnected ? Connected : node.IsLost ? Lost : Reconnecting;

    /// <summary>Nobody should work there: it is lost, or a fatal problem stands on the node itself.</summary>
    public static bool IsUnfit(NodeRecord node) => node.IsLost || node.Problems.Any(problem => problem is { Severity: Severity.Fatal, Key.Subject.Kind: SubjectKind.Node });

    public static NodeLine Node(NodeRecord node) => new(
        node.Name, State(node), node.LastHeard, node.Skew.TotalSeconds, node.Devices.Length, node.Devices.Count(device => !device.IsHealthy), Severities(node.Problems),
        node.Facts.AgentVersion, node.Facts.Remediation, node.Facts.IsPaused, node.Facts.IsSimulated, node.Facts.Labels);

    public static NodePage Page(NodeRecord node) => new(
        Node(node), node.Facts.BootId, node.Facts.MachineId, node.Facts.Image, node.Facts.Kernel,
        [.. node.Facts.Vendors.Select(vendor => new VendorLine(vendor.Name, vendor.State, vendor.Reason, vendor.DriverVersion, vendor.LibraryVersion))], node.Facts.NotReady,
        [.. node.Devices.Select(device => Device(node.Name, device))], [.. node.Problems.Select(problem => Problem(node.Name, problem))],
        [.. node.Workloads.Select(workload => Workload(node.Name, workload))], [.. node.Operations.Select(operation => Operation(node.Name, operation))]);

    public static DeviceLine Device(string node, DeviceRecord device) => new(
        node, device.Id, device.Vendor, device.Model, device.Resource, device.Index, device.PciAddress, device.Serial, device.NumaNode, device.MemoryBytes, device.Parent,
        device.Profile, device.IsHealthy, [.. device.Links.Select(link => new LinkLine(link.Peer, link.Kind, link.Count))]);

    public static ProblemLine Problem(string node, ProblemRecord problem) => new(
        node, problem.Key.Id, Words.Of(problem.Key.Subject.Kind), problem.Key.Subject.Id, Words.Of(problem.Severity), Words.Of(problem.Cause), Words.Of(problem.Action),
        problem.Message, problem.FirstSeen, problem.LastSeen, problem.Arrived, problem.Count, problem.Evidence, problem.Incident, problem.Headline);

    public static WorkloadLine Workload(string node, WorkloadRecord workload) => new(node, workload.Id, workload.Namespace, workload.Name, workload.Job, workload.Devices);

    public static OperationLine Operation(string node, OperationRecord operation) => new(
        node, operation.Step, operation.Operation, operation.Action, operation.State, operation.Outcome, operation.Says, operation.Problem.Id ?? "",
        Words.Of(operation.Problem.Subject.Kind), operation.Problem.Subject.Id ?? "", operation.Ladder, operation.Rung, operation.Intended, operation.Acted, operation.Closed,
        operation.Helped, operation.Grant);

    public static SeverityCounts Severities(IEnumerable<ProblemRecord> problems)
    {
        var counts = new int[3];
        foreach (var problem in problems)
            counts[(int)problem.Severity]++;
        return new SeverityCounts(counts[(int)Severity.Fatal], counts[(int)Severity.Degraded], counts[(int)Severity.Info]);
    }

    public static NodeEvent Event(NodeChange change)
    {
        var (before, after) = (change.Before, change.After);
        var (had, has) = ((before?.Problems ?? []).ToDictionary(problem => problem.Key), (after?.Problems ?? []).ToDictionary(problem => problem.Key));
        var devices = (before?.Devices ?? []).ToDictionary(device => device.Id, StringComparer.Ordinal);
        return new NodeEvent(change.Node, after is null ? null : Node(after),
            [.. has.Values.Where(problem => !had.TryGetValue(problem.Key, out var earlier) || earlier.Severity != problem.Severity).Select(problem => Problem(change.Node, problem))],
            [.. had.Values.Where(problem => !has.ContainsKey(problem.Key)).Select(problem => Problem(change.Node, problem))],
            [.. (after?.Devices ?? []).Where(device => !devices.TryGetValue(device.Id, out var earlier) || earlier.IsHealthy != device.IsHealthy).Select(device => device.Id)]);
    }
}
