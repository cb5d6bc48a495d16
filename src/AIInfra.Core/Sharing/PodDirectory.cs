using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Sharing;

/// <summary>What the API server says of a pod of this node. Outside input.</summary>
/// <param name="Labels">Those that are asked for (metrics.podLabels), sorted by their keys.</param>
public sealed record PodDetails(string Uid, ImmutableArray<KeyValuePair<string, string>> Labels)
{
    /// <summary>Equal in every member: record equality compares lists by reference.</summary>
    public bool IsSameAs(PodDetails? other) => other is not null && Uid == other.Uid && Labels.SequenceEqual(other.Labels);
}

/// <summary>The pods of this node as the API server has them; empty where nobody asks it.</summary>
public sealed class PodDirectory
{
    public Latest<ImmutableDictionary<(string Namespace, string Name), PodDetails>> Current { get; } =
        new(ImmutableDictionary<(string Namespace, string Name), PodDetails>.Empty);
}
