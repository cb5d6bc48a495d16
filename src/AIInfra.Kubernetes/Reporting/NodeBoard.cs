using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>This node's object, as far as it is used. Immutable.</summary>
public sealed record NodeSnapshot
{
    public required string Name { get; init; }
    public required string Uid { get; init; }
    public required string Version { get; init; }
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> Annotations { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<NodeTaint> Taints { get; init; } = [];
    public FrozenDictionary<string, NodeCondition> Conditions { get; init; } = FrozenDictionary<string, NodeCondition>.Empty;
    public bool IsUnschedulable { get; init; }
    public NodeSystemInfo? Host { get; init; }

    public static NodeSnapshot Of(NodeObject node) => new()
    {
        Name = node.Metadata.Name ?? "",
        Uid = node.Metadata.Uid ?? "",
        Version = node.Metadata.ResourceVersion ?? "",
        Labels = node.Metadata.Labels ?? ImmutableSortedDictionary<string, string>.Empty,
        Annotations = node.Metadata.Annotations ?? ImmutableSortedDictionary<string, string>.Empty,
        Taints = node.Spec.Taints,
        Conditions = node.Status.Conditions.DistinctBy(condition => condition.Type).ToFrozenDictionary(condition => condition.Type, StringComparer.Ordinal),
        IsUnschedulable = node.Spec.Unschedulable ?? false,
        Host = node.Status.NodeInfo,
    };
}

public enum NodePresence
{
    /// <summary>The API server has not answered yet.</summary>
    Unknown,
    Present,
    /// <summary>There is no object of that name: not registered yet, or deleted.</summary>
    Missing,
    /// <summary>There is one, and it is another host's.</summary>
    NotOurs,
}

/// <param name="Node">Null unless it is <see cref="NodePresence.Present"/>.</param>
/// <param name="Detail">Why it may not be written to, as a sentence; null when it may.</param>
public sealed record NodeState(NodePresence Presence, NodeSnapshot? Node, string? Detail);

/// <summary>What is known of this node's object: from the watch, and from the answers to what was written.</summary>
public sealed class NodeBoard
{
    private readonly Lock _gate = new();
    private (string Uid, string Version) _newest = ("", "");

    public Latest<NodeState> Current { get; } = new(new NodeState(NodePresence.Unknown, null, "The API server was not asked yet."));

    /// <summary>Null while it must not be written to.</summary>
    public NodeSnapshot? Node => Current.Value.Node;

    /// <summary>Takes in what a watch or a write said, unless something newer is known already.</summary>
    public void Take(NodeSnapshot node)
    {
        lock (_gate)
        {
            if (!IsNews_NeedsLock(node.Uid, node.Version))
                return;
            _newest = (node.Uid, node.Version);
            Current.Publish(new NodeState(NodePresence.Present, node, null));
        }
    }

    /// <param name="gone">The last version of one that was deleted; null when none was found.</param>
    public void TakeMissing(NodeSnapshot? gone, string detail)
    {
        lock (_gate)
        {
            if (gone is not null && gone.Uid != _newest.Uid)
                return; // it was made anew meanwhile
            if (gone is not null)
                _newest = (gone.Uid, gone.Version);
            Current.Publish(new NodeState(NodePresence.Missing, null, detail));
        }
    }

    public void TakeNotOurs(string detail)
    {
        lock (_gate)
            Current.Publish(new NodeState(NodePresence.NotOurs, null, detail));
    }

    /// <summary>Versions of one object are numbers that grow; of another object any is news.</summary>
    private bool IsNews_NeedsLock(string uid, string version) =>
        uid != _newest.Uid || !ulong.TryParse(version, out var now) || !ulong.TryParse(_newest.Version, out var before) || now > before;
}
