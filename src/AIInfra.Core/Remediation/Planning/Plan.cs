using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>What happens next, and for every problem why nothing else does.</summary>
/// <param name="Next">Null: nothing now.</param>
/// <param name="Problems">One for each problem that stands, in the order of their turn.</param>
/// <param name="WakeAt">When a reason ends by time alone; null when none does.</param>
public sealed record Plan(Move? Next, ImmutableArray<ProblemPlan> Problems, DateTimeOffset? WakeAt);

public enum MoveKind
{
    /// <summary>The outcome of a step is not known: look for proof.</summary>
    Resolve,
    /// <summary>The act is over: look whether it helped.</summary>
    Verify,
    /// <summary>Ask for the permission that <see cref="Move.Step"/> needs.</summary>
    Ask,
    Act,
}

/// <param name="Open">The record that is resolved or verified; null for <see cref="MoveKind.Ask"/> and <see cref="MoveKind.Act"/>.</param>
/// <param name="Step">What is done; null for <see cref="MoveKind.Resolve"/> and <see cref="MoveKind.Verify"/>.</param>
public sealed record Move(MoveKind Kind, StepRecord? Open, PlannedStep? Step);

/// <summary>A step before its preparation.</summary>
public sealed record PlannedStep(ActionStep Step, string Ladder, int Rung, bool IsRung, bool IsDisruptive);

public enum PlanState
{
    /// <summary>Nothing is to be done about it.</summary>
    NotNeeded,
    /// <summary>For a time, or for its turn.</summary>
    Waits,
    /// <summary>A limit or something on the node stands in the way.</summary>
    Blocked,
    /// <summary><c>aiinfra-agent approve ID</c>.</summary>
    NeedsApproval,
    /// <summary>The agent does no more about it.</summary>
    NeedsPerson,
    UnderWay,
    /// <summary>This is the next step.</summary>
    Next,
}

/// <summary>What is planned for one problem.</summary>
/// <param name="Ladder">Null when none takes it.</param>
/// <param name="Rung">From 0; null when there is no further one.</param>
/// <param name="Operation">What <c>approve</c> takes; null when nothing is planned.</param>
/// <param name="Why">One sentence. May hold outside text.</param>
/// <param name="NotBefore">When <paramref name="Why"/> ends by time alone.</param>
/// <param name="Dry">In a dry run, what would be done now: the rung's own action.</param>
public sealed record ProblemPlan(
    string ProblemId, Subject Subject, PlanState State, string Why, string? Ladder = null, int? Rung = null, string? Action = null, string? Operation = null, DateTimeOffset? NotBefore = null,
    PlannedStep? Dry = null);
