using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace AIInfra.Kubernetes.Api;

public sealed record NodeObject : ApiObject
{
    public NodeSpec Spec { get; init => field = value ?? new NodeSpec(); } = new();
    public NodeStatus Status { get; init => field = value ?? new NodeStatus(); } = new();
}

public sealed record NodeSpec
{
    public bool? Unschedulable { get; init; }
    public ImmutableArray<NodeTaint> Taints { get; init => field = value.IsDefault ? [] : value; } = [];
}

public sealed record NodeTaint
{
    public required string Key { get; init; }
    public string? Value { get; init; }
    public required string Effect { get; init; }
}

public sealed record NodeStatus
{
    public ImmutableArray<NodeCondition> Conditions { get; init => field = value.IsDefault ? [] : value; } = [];
    public NodeSystemInfo? NodeInfo { get; init; }
}

/// <summary>What the kubelet says of its host: proof that the object is this node's.</summary>
public sealed record NodeSystemInfo
{
    [JsonPropertyName("bootID")]
    public string? BootId { get; init; }
    [JsonPropertyName("machineID")]
    public string? MachineId { get; init; }
}

public sealed record NodeCondition
{
    public required string Type { get; init; }
    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public required string Status { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    [JsonConverter(typeof(ApiTime))]
    public DateTimeOffset? LastHeartbeatTime { get; init; }
    /// <summary>Since when <see cref="Status"/> is what it is.</summary>
    [JsonConverter(typeof(ApiTime))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}

public sealed record PodObject : ApiObject
{
    public PodSpec Spec { get; init => field = value ?? new PodSpec(); } = new();
    public PodStatus Status { get; init => field = value ?? new PodStatus(); } = new();
}

public sealed record PodSpec
{
    public string? NodeName { get; init; }
}

public sealed record PodStatus
{
    public string? Phase { get; init; }
}

/// <summary>events.k8s.io/v1. After it was made only <see cref="Series"/> may change.</summary>
public sealed record EventObject : ApiObject
{
    [JsonConverter(typeof(ApiMicroTime))]
    public DateTimeOffset? EventTime { get; init; }
    public EventSeries? Series { get; init; }
    /// <summary>Qualified name of who reports.</summary>
    public string? ReportingController { get; init; }
    public string? ReportingInstance { get; init; }
    /// <summary>At most 128 characters.</summary>
    public string? Action { get; init; }
    /// <summary>At most 128 characters.</summary>
    public string? Reason { get; init; }
    public ObjectReference? Regarding { get; init; }
    /// <summary>At most 1,024 bytes.</summary>
    public string? Note { get; init; }
    /// <summary><c>Normal</c> or <c>Warning</c>.</summary>
    public string? Type { get; init; }
}

public sealed record EventSeries
{
    /// <summary>At least 2.</summary>
    public required long Count { get; init; }
    [JsonConverter(typeof(ApiMicroTime))]
    public DateTimeOffset? LastObservedTime { get; init; }
}

public sealed record ObjectReference
{
    public string? ApiVersion { get; init; }
    public string? Kind { get; init; }
    public string? Namespace { get; init; }
    public string? Name { get; init; }
    public string? Uid { get; init; }
}

/// <summary>coordination.k8s.io/v1.</summary>
public sealed record LeaseObject : ApiObject
{
    public LeaseSpec Spec { get; init => field = value ?? new LeaseSpec(); } = new();
}

public sealed record LeaseSpec
{
    public string? HolderIdentity { get; init; }
    public int? LeaseDurationSeconds { get; init; }
    [JsonConverter(typeof(ApiMicroTime))]
    public DateTimeOffset? AcquireTime { get; init; }
    [JsonConverter(typeof(ApiMicroTime))]
    public DateTimeOffset? RenewTime { get; init; }
    public int? LeaseTransitions { get; init; }
}
