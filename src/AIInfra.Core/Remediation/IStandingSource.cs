using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation;

/// <summary>Knows something of the node that bears on mending it: its pods, marks on it, alerts. Any number may be registered; what they say is joined, and the strictest counts.</summary>
public interface IStandingSource
{
    /// <summary>What is known now. Cheap: reads what was watched, asks nobody, waits for nothing, does not throw. Called before every decision and again right before an act.</summary>
    /// <param name="policy">In force: which pods block, for example.</param>
    /// <param name="problems">Those that stand.</param>
    NodeStanding Look(RemediationPolicy policy, ImmutableArray<Problem> problems);
}

/// <summary>One source's view. What a source says nothing about it leaves as it is here. Sentences begin in lower case and end with a full stop; they may hold outside text.</summary>
public sealed record NodeStanding
{
    public static NodeStanding Nothing { get; } = new();

    /// <summary>Null when its view is complete; else what it waits for: nothing at all is done before.</summary>
    public string? Incomplete { get; init; }
    public PodMoves Moves { get; init; } = PodMoves.NotNeeded;
    /// <summary>Why pods cannot be moved, when <see cref="Moves"/> is <see cref="PodMoves.Unable"/>.</summary>
    public string? NoMoves { get; init; }
    /// <summary>Somebody uncordoned what the agent had cordoned, and the problem that it was cordoned for still stands.</summary>
    public bool WasUncordoned { get; init; }
    /// <summary>Null, or why every disruptive step needs a person here: a control-plane node, for example.</summary>
    public string? NeedsPerson { get; init; }
    /// <summary>What forbids every disruptive step on the node now. What forbids one drain only, its preparation says.</summary>
    public ImmutableArray<string> Blockers { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Both at once.</summary>
    public NodeStanding With(NodeStanding other)
    {
        var stricter = other.Moves > Moves ? other : this;
        return new NodeStanding
        {
            Incomplete = Incomplete ?? other.Incomplete,
            Moves = stricter.Moves,
            NoMoves = stricter.NoMoves,
            WasUncordoned = WasUncordoned || other.WasUncordoned,
            NeedsPerson = NeedsPerson ?? other.NeedsPerson,
            Blockers = [.. Blockers, .. other.Blockers],
        };
    }
}
