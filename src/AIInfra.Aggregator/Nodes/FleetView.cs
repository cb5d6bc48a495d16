using System.Collections.Immutable;

namespace AIInfra.Aggregator.Nodes;

/// <summary>All nodes as they are known now. Readers take the whole and never wait; each change goes to the feed in its order.</summary>
internal sealed class FleetView(ChangeFeed feed)
{
    private readonly Lock _gate = new();
    private volatile ImmutableSortedDictionary<string, NodeRecord> _nodes = ImmutableSortedDictionary.Create<string, NodeRecord>(StringComparer.Ordinal);

    /// <summary>By name. Immutable.</summary>
    public ImmutableSortedDictionary<string, NodeRecord> Nodes => _nodes;

    public NodeRecord? Find(string node) => _nodes.GetValueOrDefault(node);

    /// <summary>Changes one node.</summary>
    /// <param name="change">Gets what is known, null for nothing; gives what is known from now on, null for nothing, the same object for no change. Called under the lock: quick.</param>
    /// <returns>Null when nothing changed.</returns>
    public NodeChange? Apply(string node, Func<NodeRecord?, NodeRecord?> change)
    {
        lock (_gate)
        {
            var before = _nodes.GetValueOrDefault(node);
            var after = change(before);
            if (ReferenceEquals(before, after))
                return null;
            _nodes = after is null ? _nodes.Remove(node) : _nodes.SetItem(node, after);
            var made = new NodeChange(node, before, after);
            feed.Publish(made);
            return made;
        }
    }
}
