using System.Collections.Immutable;
using System.Diagnostics;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>One step, from the look before it to its outcome.</summary>
public sealed partial class RemediationEngine
{
    /// <summary>A look that takes longer counts as no.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(30);

    /// <summary>What was not possible is looked at again: soon, since it may have been a moment's trouble, then ever later. Where the rung says so it is passed over after a while.</summary>
    private static readonly TimeSpan LookSoon = TimeSpan.FromSeconds(1), LookAgain = TimeSpan.FromSeconds(10), PassOver = TimeSpan.FromMinutes(1);

    /// <summary>Past its deadline an act is given so long to say what became of it.</summary>
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(30);

    private static readonly ActivitySource Traces = new("AIInfra.Remediation");

    private async Task ActAsync(PlannedStep planned, CancellationToken cancellationToken)
    {
        using var span = Traces.StartActivity(planned.Step.Action);
        Describe(span, planned);
        var (preparation, step, isRungs) = await PrepareAsync(planned, cancellationToken);
        if (preparation.WhyNot is { } whyNot)
        {
            span?.SetTag("remediation.outcome", "not now");
            await NotPossibleAsync(planned with { Step = step }, whyNot, isRungs);
            return;
        }
        var evidence = planned is { IsRung: true, IsDisruptive: true } ? await _parts.Evidence(step, cancellationToken) : null;
        if (Decide().Plan.Next is not { Kind: MoveKind.Act, Step: { } still } || still.Step.Id != step.Id || (planned.IsDisruptive && !_grants.IsHeldFor(step.Operation)))
            return; // the node has changed meanwhile
        var record = new StepRecord
        {
            Step = step,
            Ladder = planned.Ladder,
            Rung = planned.Rung,
            State = StepState.Intended,
            IntendedAt = _time.GetUtcNow(),
            Uptime = _outlook.Now().Uptime,
            IsRung = planned.IsRung,
            IsDisruptive = planned.IsDisruptive,
            Evidence = evidence,
        };
        if (await _parts.Journal.IntendAsync(record) is { } refused)
        {
            _teller.NotAttempted(planned, refused);
            return;
        }
        _impossible.Remove(step.Operation);
        _teller.Intended(record);
        var result = await DoAsync(step, planned.IsDisruptive ? _grants.Lost : [], cancellationToken);
        if (result is null)
            return; // settled by proof: its intent stands
        span?.SetTag("remediation.outcome", result.Outcome.ToString());
        if (result.Outcome is ActionOutcome.Failed or ActionOutcome.Unknown)
            span?.SetStatus(ActivityStatusCode.Error, result.Says);
        record = record.With(result, _time.GetUtcNow());
        await _parts.Journal.RecordAsync(record);
        _teller.Ended(record);
    }

    /// <summary>Looks whether a step can be done. Around a rung also whether the rung itself could: nothing is moved away for what is not possible.</summary>
    /// <returns>The step with what the look found; and whether it is the rung's own action that is not possible.</returns>
    private async Task<(Preparation Preparation, ActionStep Step, bool IsRungs)> PrepareAsync(PlannedStep planned, CancellationToken cancellationToken)
    {
        var step = planned.Step;
        if (!planned.IsRung && step.Action != NodeSteps.Uncordon && RungOf(planned) is { } rung)
        {
            var target = step with { Action = rung.Action, Arguments = rung.Arguments };
            var of = await LookAsync(target, cancellationToken);
            if (of.WhyNot is not null)
                return (of, target, true);
            if (step.Drain == DrainScope.Device)
                step = step with { ResetGroup = of.ResetGroup };
        }
        var preparation = await LookAsync(step, cancellationToken);
        return (preparation, step with { Proof = preparation.Proof, ResetGroup = preparation.ResetGroup.IsDefaultOrEmpty ? step.ResetGroup : preparation.ResetGroup }, planned.IsRung);
    }

    private async Task<Preparation> LookAsync(ActionStep step, CancellationToken cancellationToken)
    {
        if (!_parts.Actions.TryGetValue(step.Action, out var action))
            return Preparation.NotPossible($"This agent has no action {step.Action}.");
        using var late = new CancellationTokenSource(LookPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            return await action.PrepareAsync(step, either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Preparation.NotPossible($"Whether {step.Action} can be done was not found out within {LookPatience.TotalSeconds:0} s.");
        }
    }

    /// <summary>It is looked at again. What was begun is not held open for ever, and a rung that may be passed over is, when it stays so.</summary>
    private async Task NotPossibleAsync(PlannedStep planned, string why, bool isRungs)
    {
        var operation = planned.Step.Operation;
        if (!_impossible.TryGetValue(operation, out var since))
        {
            _impossible[operation] = since = _time.GetTimestamp();
            _teller.NotAttempted(planned, why);
        }
        var isBegun = _parts.Journal.History.Open?.Id == operation;
        var patience = planned.Step.Action == NodeSteps.Uncordon ? (TimeSpan?)null
            : isBegun ? planned.Step.Deadline
            : isRungs && RungOf(planned) is { PassWhenImpossible: true } ? PassOver : null;
        var passed = _time.GetElapsedTime(since);
        if (patience is null || passed < patience)
        {
            _notNow[operation] = (_time.GetTimestamp(), passed < LookSoon ? LookSoon : passed < LookAgain ? passed : LookAgain, why);
            return;
        }
        var record = new StepRecord
        {
            Step = planned.Step,
            Ladder = planned.Ladder,
            Rung = planned.Rung,
            State = StepState.Intended,
            IntendedAt = _time.GetUtcNow(),
            Uptime = _outlook.Now().Uptime,
            IsRung = isRungs,
            IsDisruptive = planned.IsDisruptive,
        };
        if (await _parts.Journal.IntendAsync(record) is not null)
            return;
        record = record.With(ActionResult.NotPossible(why), _time.GetUtcNow());
        await _parts.Journal.RecordAsync(record);
        _impossible.Remove(operation);
        _teller.Ended(record);
    }

    /// <returns>Null where the intent stays for the next start to settle: the agent ends, or the node does.</returns>
    /// <exception cref="OperationCanceledException">The agent ends.</exception>
    private async Task<ActionResult?> DoAsync(ActionStep step, ImmutableArray<CancellationToken> lost, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        using var late = new CancellationTokenSource(step.Deadline, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource([cancellationToken, late.Token, .. lost]);
        try
        {
            var result = await _parts.Actions[step.Action].RunAsync(step, stop.Token).WaitAsync(step.Deadline + LastWord, _time, CancellationToken.None);
            if (result.Outcome == ActionOutcome.Unknown)
                cancellationToken.ThrowIfCancellationRequested(); // the next start has better proof than a farewell
            return result;
        }
        catch (TimeoutException)
        {
            return ActionResult.Unknown($"{step.Action} has not come back within {PolicyTime.Show(step.Deadline)}, and was not waited for any longer.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var left = step.Deadline - _time.GetElapsedTime(started);
            await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken); // the host goes down, and this with it
            return null;
        }
    }

    private Rung? RungOf(PlannedStep planned) => _options.Policy.Find(planned.Ladder)?.Rungs.ElementAtOrDefault(planned.Rung);

    private static void Describe(Activity? span, PlannedStep planned)
    {
        span?.SetTag("remediation.step", planned.Step.Id);
        span?.SetTag("remediation.operation", planned.Step.Operation);
        span?.SetTag("remediation.problem", planned.Step.ProblemId);
        span?.SetTag("remediation.subject", planned.Step.Subject.ToString());
        span?.SetTag("remediation.ladder", planned.Ladder);
        span?.SetTag("remediation.rung", planned.Rung);
    }
}
