using System.Text.Json.Serialization;
using AIInfra.Aggregator.Audit;

namespace AIInfra.Aggregator.Api;

// What the API says. Words are those of the protocol (`fatal`, `reset-device`); times are UTC.

internal sealed record ApiProblem(int Status, string Title, string Detail);

/// <param name="Complete">False: the database was not read since the start, so only nodes that have connected since are shown.</param>
internal sealed record FleetSummary(
    DateTimeOffset At, bool Complete, NodeCounts Nodes, int Devices, int UnhealthyDevices, SeverityCounts Problems, IReadOnlyDictionary<string, DeviceCounts> Vendors, long Event);

internal sealed record NodeCounts(int All, int Connected, int Reconnecting, int Lost, int Unfit);

internal sealed record SeverityCounts(int Fatal, int Degraded, int Info);

internal sealed record DeviceCounts(int All, int Unhealthy);

/// <param name="State">connected, reconnecting or lost</param>
internal sealed record NodeLine(
    string Name, string State, DateTimeOffset LastHeard, double ClockSkewSeconds, int Devices, int UnhealthyDevices, SeverityCounts Problems, string AgentVersion,
    string Remediation, bool Paused, bool Simulated, IReadOnlyDictionary<string, string> Labels);

internal sealed record NodePage(
    NodeLine Node, string BootId, string MachineId, string Image, string Kernel, IReadOnlyList<VendorLine> Vendors, IReadOnlyDictionary<string, string> NotReady,
    IReadOnlyList<DeviceLine> Devices, IReadOnlyList<ProblemLine> Problems, IReadOnlyList<WorkloadLine> Workloads, IReadOnlyList<OperationLine> Operations);

internal sealed record VendorLine(string Name, string State, string Reason, string DriverVersion, string LibraryVersion);

internal sealed record DeviceLine(
    string Node, string Id, string Vendor, string Model, string Resource, int Index, string PciAddress, string Serial, int? NumaNode, long? MemoryBytes, string Parent,
    string Profile, bool Healthy, IReadOnlyList<LinkLine> Links);

internal sealed record LinkLine(string Peer, string Kind, int Count);

internal sealed record ProblemLine(
    string Node, string Id, string SubjectKind, string Subject, string Severity, string Cause, string Action, string Message, DateTimeOffset FirstSeen, DateTimeOffset LastSeen,
    DateTimeOffset Arrived, long Count, IReadOnlyList<string> Evidence, string Incident, string Headline);

internal sealed record WorkloadLine(string Node, string Id, string Namespace, string Name, string Job, IReadOnlyList<string> Devices);

internal sealed record OperationLine(
    string Node, string Step, string Operation, string Action, string State, string Outcome, string Says, string Problem, string SubjectKind, string Subject, string Ladder, int Rung,
    DateTimeOffset? Intended, DateTimeOffset? Acted, DateTimeOffset? Closed, bool? Helped, string Grant);

/// <summary>A page: goes on with <c>after=next</c>; null at the end.</summary>
internal sealed record ApiPage<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>A change of a node, as the event stream tells it: the node's line as it is now, null when it was removed, and which of its problems came and went.</summary>
internal sealed record NodeEvent(string Name, NodeLine? Node, IReadOnlyList<ProblemLine> Raised, IReadOnlyList<ProblemLine> Cleared, IReadOnlyList<string> DevicesChanged);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(FleetSummary))]
[JsonSerializable(typeof(NodePage))]
[JsonSerializable(typeof(NodeEvent))]
[JsonSerializable(typeof(ApiPage<NodeLine>), TypeInfoPropertyName = "PageOfNodes")]
[JsonSerializable(typeof(ApiPage<DeviceLine>), TypeInfoPropertyName = "PageOfDevices")]
[JsonSerializable(typeof(ApiPage<ProblemLine>), TypeInfoPropertyName = "PageOfProblems")]
[JsonSerializable(typeof(ApiPage<WorkloadLine>), TypeInfoPropertyName = "PageOfWorkloads")]
[JsonSerializable(typeof(ApiPage<OperationLine>), TypeInfoPropertyName = "PageOfOperations")]
[JsonSerializable(typeof(ApiPage<AuditEntry>), TypeInfoPropertyName = "PageOfAudit")]
internal sealed partial class ApiJson : JsonSerializerContext;
