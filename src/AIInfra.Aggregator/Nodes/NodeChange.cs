using System.Collections.Immutable;

namespace AIInfra.Aggregator.Nodes;

/// <summary>One change of one node, as it goes to the store and to the readers of the fleet view.</summary>
/// <param name="Before">Null: the node is new.</param>
/// <param name="After">Null: it was removed by an operator.</param>
public sealed record NodeChange(string Node, NodeRecord? Before, NodeRecord? After);

/// <summary>What the store has after a revision: the changes that this or another replica wrote.</summary>
/// <param name="Nodes">The newest value of each that changed.</param>
/// <param name="Removed">Names.</param>
public sealed record NodesSince(long Revision, ImmutableArray<NodeRecord> Nodes, ImmutableArray<string> Removed);
