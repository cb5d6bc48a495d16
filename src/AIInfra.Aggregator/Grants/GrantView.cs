using System.Collections.Immutable;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Grants;

/// <summary>All that a decision rests on, as it is at one moment. Immutable; read in the transaction that writes what was decided.</summary>
internal sealed record GrantView
{
    public required DateTimeOffset Now { get; init; }
    /// <summary>Null; else why the store itself cannot be relied on now.</summary>
    public string? NotTrusted { get; init; }
    public required FleetSight Fleet { get; init; }
    public required bool IsKnown { get; init; }
    /// <summary>Of <see cref="GrantPolicy.Labels"/> those that the node has: <c>=value</c> by label.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    /// <summary>What stands for the very operation that asks; null when it never had a grant.</summary>
    public GrantRow? Own { get; init; }
    /// <summary>Another operation of the same node that is not over.</summary>
    public GrantRow? Other { get; init; }
    public required ImmutableArray<BudgetUse> Budgets { get; init; }
    /// <summary>Other nodes that run parts of the same jobs and have a grant that is not over.</summary>
    public ImmutableArray<GangMember> Gang { get; init; } = [];
    public BreakerState Breaker { get; init; } = BreakerState.Closed;
    /// <summary>Nodes that asked within the breaker's window and since it was last closed, this one included.</summary>
    public required int Asking { get; init; }
    /// <summary>The first that holds for this node; null when none does.</summary>
    public Pause? Pause { get; init; }
    /// <summary>Until when a person's approval of this operation holds; null when there is none.</summary>
    public DateTimeOffset? ApprovedUntil { get; init; }
    /// <summary>When the problem came to the node; null when that is not known, or decides nothing.</summary>
    public DateTimeOffset? ProblemArrived { get; init; }
    /// <summary>The open incident that this problem of this node is part of; null when there is none.</summary>
    public string? Incident { get; init; }
}

/// <summary>One domain of one budget at this moment.</summary>
/// <param name="Domain">As messages name it: <c>the fleet</c>, <c>rack=r7</c>, <c>job default/train</c>.</param>
/// <param name="Nodes">All that are known of it: the same number whether they are well or not, so that a cascade does not widen its own budget.</param>
/// <param name="OthersUnavailable">Without the node that asks.</param>
/// <param name="Starts">Grants given in it within the rate's window, without the operation that asks.</param>
/// <param name="OldestStart">Of those; null when there is none.</param>
internal sealed record BudgetUse(Budget Budget, string Domain, int Nodes, int OthersUnavailable, int Starts, DateTimeOffset? OldestStart);

/// <param name="State"><c>held</c>: may be acted on until it expires. <c>ended</c>: given back, and not heard of the node since. <c>over</c>: weighs on nothing.</param>
internal sealed record GrantRow(string Node, string Operation, string Id, long Fence, string Action, string Reason, string State, DateTimeOffset GivenAt, DateTimeOffset ExpiresAt)
{
    public bool IsHeld(DateTimeOffset now) => State == "held" && ExpiresAt > now;
}

/// <param name="Reason">What its grant is for.</param>
internal sealed record GangMember(string Node, string Job, string Operation, string Reason);

/// <param name="Since">Null while it is closed.</param>
internal sealed record BreakerState(DateTimeOffset? Since, string Why)
{
    public static BreakerState Closed { get; } = new(null, "");
}

/// <summary>Somebody stopped new grants.</summary>
/// <param name="Where">As messages name it: <c>the fleet</c>, <c>rack=r7</c>, <c>node n1</c>.</param>
/// <param name="Until">Null: until it is taken back.</param>
public sealed record Pause(string Where, string Actor, string Says, DateTimeOffset Since, DateTimeOffset? Until);
