using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>Every step that the journal holds, by operation. Immutable.</summary>
public sealed class RemediationHistory
{
    private readonly FrozenDictionary<(string Ladder, Subject Subject), ImmutableArray<Operation>> _byLadder;
    private readonly FrozenDictionary<(string Problem, Subject Subject), ImmutableArray<Operation>> _byProblem;

    /// <param name="records">In the order they were intended.</param>
    public RemediationHistory(ImmutableArray<StepRecord> records)
    {
        Records = records;
        Operations = [.. records.GroupBy(record => record.Step.Operation, StringComparer.Ordinal).Select(group => new Operation([.. group]))];
        _byLadder = Index(operation => (operation.Ladder, operation.Subject));
        _byProblem = Index(operation => (operation.ProblemId, operation.Subject));
        Disruptions = [.. Operations.Where(operation => operation is { IsDisruptive: true, IsAttempt: true })];
        Open = Operations.LastOrDefault(operation => operation.Last.State != StepState.Closed || operation.Last.NeedsPerson)
            ?? Operations.LastOrDefault(operation => operation.IsUnfinished);
        CordonedBy = Records.LastOrDefault(record => record is { Step.Action: NodeSteps.Cordon, Result.Outcome: ActionOutcome.Done } or { Step.Action: NodeSteps.Uncordon, Result.Outcome: ActionOutcome.Done or ActionOutcome.NotPossible })
            is { Step.Action: NodeSteps.Cordon } cordon ? cordon : null;
    }

    public static RemediationHistory Empty { get; } = new([]);

    public ImmutableArray<StepRecord> Records { get; }
    public ImmutableArray<Operation> Operations { get; }

    /// <summary>Those that count against the budget of disruptive operations.</summary>
    public ImmutableArray<Operation> Disruptions { get; }

    /// <summary>The one operation that is not over; null when there is none.</summary>
    public Operation? Open { get; }

    /// <summary>The step by which the agent cordoned the node, if that stands; null when it did not, or took it back.</summary>
    public StepRecord? CordonedBy { get; }

    public ImmutableArray<Operation> OnLadder(string ladder, Subject subject) => _byLadder.GetValueOrDefault((ladder, subject), []);

    public ImmutableArray<Operation> For(string problem, Subject subject) => _byProblem.GetValueOrDefault((problem, subject), []);

    /// <summary>The same with one record more, or another version of one it has.</summary>
    public RemediationHistory With(StepRecord record)
    {
        for (var at = Records.Length - 1; at >= 0; at--)
        {
            if (Records[at].Step.Id == record.Step.Id)
                return new(Records.SetItem(at, record));
        }
        return new(Records.Add(record));
    }

    private FrozenDictionary<(string, Subject), ImmutableArray<Operation>> Index(Func<Operation, (string, Subject)> key) =>
        Operations.GroupBy(key).ToFrozenDictionary(group => group.Key, group => group.ToImmutableArray());
}

/// <summary>One attempt at one rung: its steps, in order, at least one.</summary>
public sealed class Operation(ImmutableArray<StepRecord> steps)
{
    /// <summary>So often a step that was cut short is gone on with: an agent that is ended each time does not drain for ever.</summary>
    private const int MostOfOne = 5;

    public ImmutableArray<StepRecord> Steps { get; } = steps;
    public string Id => Steps[0].Step.Operation;
    public string ProblemId => Steps[0].Step.ProblemId;
    public Subject Subject => Steps[0].Step.Subject;
    public string Ladder => Steps[0].Ladder;
    public int Rung => Steps[0].Rung;
    public StepRecord First => Steps[0];
    public DateTimeOffset StartedAt => Steps[0].IntendedAt;
    public StepRecord Last => Steps[^1];

    /// <summary>The rung's own action; null while only the steps before it were done.</summary>
    public StepRecord? Act { get; } = steps.LastOrDefault(step => step.IsRung);

    public bool IsDisruptive { get; } = steps.Any(step => step.IsDisruptive);

    /// <summary>It is not counted as an attempt: only taking a cordon back, or found not possible before anything was done.</summary>
    public bool IsAttempt { get; } = steps.Any(step => step.Step.Action != NodeSteps.Uncordon && step.Result?.Outcome != ActionOutcome.NotPossible);

    /// <summary>Closed, and it did not help.</summary>
    public bool HasFailed => Act is { State: StepState.Closed, Helped: not true, Result.Outcome: not ActionOutcome.NotPossible };

    /// <summary>Every step so far is closed, and the next one is due.</summary>
    public bool IsUnfinished => NextAfter(Last) != Follow.Nothing;

    /// <summary>What comes after the last step.</summary>
    internal Follow Then => NextAfter(Last);

    private Follow NextAfter(StepRecord last)
    {
        if (last.State != StepState.Closed || last.NeedsPerson)
            return Follow.Nothing;
        if (last.Result is { Outcome: ActionOutcome.Failed, GoesOn: true } && Steps.Count(step => step.Step.Action == last.Step.Action) < MostOfOne)
            return Follow.Again;
        var isDone = last.Result?.Outcome == ActionOutcome.Done;
        var isCordoned = Steps.Any(step => step is { Step.Action: NodeSteps.Cordon, Result.Outcome: ActionOutcome.Done });
        if (last.Step.Action == NodeSteps.Uncordon)
            return isDone || last.Result?.Outcome == ActionOutcome.NotPossible ? Follow.Nothing : Follow.Uncordon;
        if (last.IsRung)
            return isCordoned && (last.Helped == true || last.Result?.Outcome == ActionOutcome.NotPossible) && !IsQuarantine(last) ? Follow.Uncordon : Follow.Nothing;
        return isDone ? Follow.Forward : isCordoned ? Follow.Uncordon : Follow.Nothing;
    }

    /// <summary>A rung that is itself the drain leaves the node empty: it is given back when the problem is over.</summary>
    private static bool IsQuarantine(StepRecord last) => last is { Step.Action: NodeSteps.Drain, Helped: true };
}

internal enum Follow { Nothing, Forward, Again, Uncordon }

/// <summary>Names of the actions around a rung.</summary>
public static class NodeSteps
{
    public const string Cordon = "cordon", Drain = "drain", Uncordon = "uncordon";
}
