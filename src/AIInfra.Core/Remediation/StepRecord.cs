using System.Text.Json.Serialization;

namespace AIInfra.Core.Remediation;

public enum StepState
{
    /// <summary>The intent is on the disk; the act may have begun.</summary>
    Intended,
    /// <summary>An outcome is known, and it is not yet known whether it helped.</summary>
    Acted,
    /// <summary>Over: see <see cref="StepRecord.Helped"/>.</summary>
    Closed,
}

/// <summary>One line of the journal: a step with what became of it. The row is written when it is intended, before the act, and changed after it.</summary>
public sealed record StepRecord
{
    public required ActionStep Step { get; init; }
    /// <summary>Which ladder and which rung of it, from 0.</summary>
    public required string Ladder { get; init; }
    public required int Rung { get; init; }
    public required StepState State { get; init; }
    public required DateTimeOffset IntendedAt { get; init; }
    /// <summary>Of the boot, when it was intended; null when that is not known. Only comparable within one <see cref="ActionStep.BootId"/>.</summary>
    public TimeSpan? Uptime { get; init; }
    /// <summary>Null before there is an outcome.</summary>
    public ActionResult? Result { get; init; }
    public DateTimeOffset? ActedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
    /// <summary>Null: not known, or not asked of this step.</summary>
    public bool? Helped { get; init; }
    /// <summary>What showed whether it helped, in a sentence; null before that is known.</summary>
    public string? Verified { get; init; }
    /// <summary>True when the problem's own action it is, false for cordon, drain and uncordon around it.</summary>
    public bool IsRung { get; init; }
    public bool IsDisruptive { get; init; }
    /// <summary>The folder of its evidence bundle; null when there is none.</summary>
    public string? Evidence { get; init; }
    /// <summary>A person has resolved what was unknown.</summary>
    public bool IsAcknowledged { get; init; }

    /// <summary>Nothing else is done on this node before a person has looked.</summary>
    [JsonIgnore]
    public bool NeedsPerson => Result?.Outcome == ActionOutcome.Unknown && !IsAcknowledged;

    /// <summary>The same with its outcome. What was done waits for its verification, all else is over.</summary>
    public StepRecord With(ActionResult result, DateTimeOffset at) => this with
    {
        Result = result,
        ActedAt = at,
        State = IsRung && result.Outcome == ActionOutcome.Done ? StepState.Acted : StepState.Closed,
        ClosedAt = IsRung && result.Outcome == ActionOutcome.Done ? null : at,
        Helped = IsRung && result.Outcome == ActionOutcome.Failed ? false : null,
    };
}
