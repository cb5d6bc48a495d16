using System.Collections.Immutable;

namespace AIInfra.Aggregator.Incidents;

/// <summary>What several nodes have in common.</summary>
/// <param name="Kind"><c>domain</c>, <c>driver</c>, <c>image</c>, <c>kernel</c> or <c>job</c>.</param>
/// <param name="Name">Which one: <c>topology.example/rack=r7</c>, <c>nvidia 550.54</c>. May hold outside text.</param>
public sealed record SharedPart(string Kind, string Name)
{
    public override string ToString() => $"{Kind} {Name}";
}

/// <summary>One problem that began on several nodes at about the same time.</summary>
public sealed record FleetIncident
{
    /// <summary>Stays the same while members come and go.</summary>
    public required string Id { get; init; }
    public required string Problem { get; init; }
    /// <summary>The aggregator's clock: the first onset, and the last change.</summary>
    public required DateTimeOffset Started { get; init; }
    public required DateTimeOffset Changed { get; init; }
    /// <summary>Null while it is open.</summary>
    public DateTimeOffset? Ended { get; init; }
    /// <summary>What to look at first; null when nothing that is known stands out.</summary>
    public SharedPart? Suspect { get; init; }
    /// <summary>Nodes that have the suspected part, sick or well; all nodes when there is none.</summary>
    public int OfNodes { get; init; }
    /// <summary>By name; also those that are well again.</summary>
    public required ImmutableArray<string> Members { get; init; }

    /// <summary>One sentence.</summary>
    public string Says => Suspect is { } part
        ? $"{Problem} began on {Members.Length} of the {OfNodes} nodes that share {part}: look at what they share before the nodes."
        : $"{Problem} began on {Members.Length} of {OfNodes} nodes; they share nothing that the others lack: suspect what all nodes have, or a false alarm.";
}

/// <summary>A problem that came to a node.</summary>
/// <param name="At">The aggregator's clock: node clocks do not count.</param>
public sealed record Onset(string Node, string Problem, DateTimeOffset At);

/// <summary>When it is an incident.</summary>
public sealed record CorrelationRule
{
    /// <summary>Onsets that lie no further apart than this belong together.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>So many nodes make one.</summary>
    public int Least { get; init; } = 3;
    /// <summary>Of the nodes that share a part, so many percent have to be members for it to be suspected.</summary>
    public int LeastShare { get; init; } = 10;
    /// <summary>How many times as likely it has to be for a node with the part as for one without it.</summary>
    public int Lift { get; init; } = 3;
    /// <summary>Of all nodes, so many percent at once are an incident even when they share nothing.</summary>
    public int FleetShare { get; init; } = 20;
}
