using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>All labels of this node's object, for who is told of the node; empty until the API server has answered.</summary>
public sealed class NodeLabels
{
    public Latest<ImmutableSortedDictionary<string, string>> Current { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    /// <summary>Keeps them in step; what was known stays while the object is not there.</summary>
    internal async Task FollowAsync(NodeBoard node, CancellationToken cancellationToken)
    {
        await foreach (var state in node.Current.WatchAsync(cancellationToken))
        {
            if (state.Node is { } now && !now.Labels.SequenceEqual(Current.Value))
                Current.Publish(now.Labels);
        }
    }
}
