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
    public int? TerminationGracePeriodSeconds { get; init; }
    public ImmutableArray<PodVolume> Volumes { get; init => field = value.IsDefault ? [] : value; } = [];
}

public sealed record PodVolume
{
    /// <summary>Gone with the pod; null for a volume of another kind.</summary>
    public EmptyDirVolume? EmptyDir { get; init; }
}

/// <param name="Medium"><c>Memory</c>, or null for the node's disk.</param>
public sealed record EmptyDirVolume(string? Medium);

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

/// <summary>policy/v1 PodDisruptionBudget.</summary>
public sealed record BudgetObject : ApiObject
{
    public BudgetSpec Spec { get; init => field = value ?? new BudgetSpec(); } = new();
    public BudgetStatus Status { get; init => field = value ?? new BudgetStatus(); } = new();
}

public sealed record BudgetSpec
{
    /// <summary>Null selects no pod, an empty one all of the namespace.</summary>
    public LabelSelector? Selector { get; init; }
    /// <summary><c>AlwaysAllow</c>: a pod that is not ready may always be moved.</summary>
    public string? UnhealthyPodEvictionPolicy { get; init; }
}

public sealed record BudgetStatus
{
    public int? DisruptionsAllowed { get; init; }
    public int? DesiredHealthy { get; init; }
    public int? ExpectedPods { get; init; }
}

public sealed record LabelSelector
{
    public ImmutableSortedDictionary<string, string>? MatchLabels { get; init; }
    public ImmutableArray<LabelRequirement> MatchExpressions { get; init => field = value.IsDefault ? [] : value; } = [];

    public bool Takes(ImmutableSortedDictionary<string, string>? labels)
    {
        labels ??= ImmutableSortedDictionary<string, string>.Empty;
        return (MatchLabels ?? ImmutableSortedDictionary<string, string>.Empty).All(label => labels.GetValueOrDefault(label.Key) == label.Value) && MatchExpressions.All(one => one.Takes(labels));
    }
}

public sealed record LabelRequirement
{
    public string? Key { get; init; }
    public string? Operator { get; init; }
    public ImmutableArray<string> Values { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>An operator of a later server takes everything: what is not understood may protect the pod.</summary>
    internal bool Takes(ImmutableSortedDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(Key ?? "");
        return Operator switch
        {
            "In" => value is not null && Values.Contains(value),
            "NotIn" => value is null || !Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => true,
        };
    }
}
