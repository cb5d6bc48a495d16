using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Aggregator.Nodes;

/// <summary>What is known of one node. Immutable; a change is a new value that shares what did not change. Texts come from the node: escape them wherever they are shown.</summary>
public sealed record NodeRecord
{
    public required string Name { get; init; }
    /// <summary>See Hello in the protocol: with <see cref="Sequence"/> it says where a returning agent goes on.</summary>
    public required string Incarnation { get; init; }
    public required long Sequence { get; init; }
    public required NodeFacts Facts { get; init; }
    /// <summary>Ordered by id.</summary>
    public ImmutableArray<DeviceRecord> Devices { get; init; } = [];
    /// <summary>Ordered by id, then subject; the <see cref="ProblemRecord.Key"/> identifies one.</summary>
    public ImmutableArray<ProblemRecord> Problems { get; init; } = [];
    /// <summary>Ordered by id.</summary>
    public ImmutableArray<WorkloadRecord> Workloads { get; init; } = [];
    /// <summary>As the node's journal has them, ordered by step; a node reports at most 100.</summary>
    public ImmutableArray<OperationRecord> Operations { get; init; } = [];
    /// <summary>The aggregator's clock: the last message of the node, kept to a few seconds.</summary>
    public required DateTimeOffset LastHeard { get; init; }
    /// <summary>A stream is open, here or at another replica.</summary>
    public required bool IsConnected { get; init; }
    /// <summary>Not connected for longer than the silence that is allowed (fleet.silence).</summary>
    public bool IsLost { get; init; }
    /// <summary>Node's clock minus the aggregator's, as far as is known; for show only, never for a decision.</summary>
    public TimeSpan Skew { get; init; }
}

/// <summary>What a node says of itself as a whole.</summary>
public sealed record NodeFacts
{
    public static NodeFacts Unknown { get; } = new();

    /// <summary>At most 200, keys and values at most 317 and 63 characters; ordered by key. Failure domains come from here.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<VendorRecord> Vendors { get; init; } = [];
    public bool IsSimulated { get; init; }
    /// <summary><c>off</c>, <c>dry-run</c> or <c>on</c>.</summary>
    public string Remediation { get; init; } = "off";
    public bool IsPaused { get; init; }
    /// <summary>Parts of the agent that are not ready, and why.</summary>
    public ImmutableSortedDictionary<string, string> NotReady { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public string AgentVersion { get; init; } = "";
    public string BootId { get; init; } = "";
    public string MachineId { get; init; } = "";
    public string Image { get; init; } = "";
    public string Kernel { get; init; } = "";
}

/// <param name="State"><c>starting</c>, <c>ready</c>, <c>absent</c> or <c>unavailable</c>.</param>
public sealed record VendorRecord(string Name, string State, string Reason, string DriverVersion, string LibraryVersion);

/// <summary>One accelerator or partition, as the node reports it.</summary>
public sealed record DeviceRecord
{
    public required string Id { get; init; }
    public required string Vendor { get; init; }
    public required string Model { get; init; }
    public string Resource { get; init; } = "";
    public int Index { get; init; }
    public string PciAddress { get; init; } = "";
    public string Serial { get; init; } = "";
    public int? NumaNode { get; init; }
    public long? MemoryBytes { get; init; }
    /// <summary>Empty for a whole device.</summary>
    public string Parent { get; init; } = "";
    public string Profile { get; init; } = "";
    /// <summary>As the node judges it.</summary>
    public required bool IsHealthy { get; init; }
    public ImmutableArray<LinkRecord> Links { get; init; } = [];
}

/// <summary>A value, not an object: a node of 8 devices has 56 of them.</summary>
public readonly record struct LinkRecord(string Peer, string Kind, int Count);

/// <summary>A problem that stands on a node.</summary>
public sealed record ProblemRecord
{
    public required ProblemKey Key { get; init; }
    public required Severity Severity { get; init; }
    public required Cause Cause { get; init; }
    public required SuggestedAction Action { get; init; }
    public required string Message { get; init; }
    /// <summary>The node's clock: for show.</summary>
    public required DateTimeOffset FirstSeen { get; init; }
    public required DateTimeOffset LastSeen { get; init; }
    /// <summary>The aggregator's clock, when it first came in: for decisions.</summary>
    public required DateTimeOffset Arrived { get; init; }
    public required long Count { get; init; }
    public ImmutableArray<string> Evidence { get; init; } = [];
    /// <summary>The node's incident; empty where it stands for itself.</summary>
    public string Incident { get; init; } = "";
    public string Headline { get; init; } = "";
}

public readonly record struct ProblemKey(string Id, Subject Subject);

/// <param name="Job">What its pods belong to together; empty for a pod of its own.</param>
public sealed record WorkloadRecord(string Id, string Namespace, string Name, string Job, ImmutableArray<string> Devices);

/// <summary>One step of a node's remediation, as the node's journal has it.</summary>
public sealed record OperationRecord
{
    public required string Step { get; init; }
    public required string Operation { get; init; }
    public required string Action { get; init; }
    /// <summary><c>waiting</c>, <c>intended</c>, <c>acted</c> or <c>closed</c>.</summary>
    public required string State { get; init; }
    /// <summary><c>done</c>, <c>failed</c>, <c>unknown</c>, <c>not-possible</c>; empty while it is not known.</summary>
    public string Outcome { get; init; } = "";
    public string Says { get; init; } = "";
    public ProblemKey Problem { get; init; }
    public string Ladder { get; init; } = "";
    public int Rung { get; init; }
    /// <summary>The node's clock, all three.</summary>
    public DateTimeOffset? Intended { get; init; }
    public DateTimeOffset? Acted { get; init; }
    public DateTimeOffset? Closed { get; init; }
    public bool? Helped { get; init; }
    /// <summary>Empty without a grant.</summary>
    public string Grant { get; init; } = "";
    public long Fence { get; init; }
}
