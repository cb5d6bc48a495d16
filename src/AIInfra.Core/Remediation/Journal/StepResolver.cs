using System.Collections.Frozen;

namespace AIInfra.Core.Remediation.Journal;

/// <summary>Settles what became of steps whose outcome was not written: by proof, else a person is asked. Never acts, and never has a step done again.</summary>
public sealed class StepResolver(RemediationJournal journal, FrozenDictionary<string, IRemediationAction> actions, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Settles every unfinished step, once.</summary>
    /// <returns>The journal's <see cref="RemediationJournal.Fault"/>.</returns>
    /// <exception cref="OperationCanceledException">The agent ends; what was not settled is unfinished still.</exception>
    public async Task<string?> ResolveAsync(CancellationToken cancellationToken)
    {
        foreach (var record in journal.History.Records.Where(record => record.State == StepState.Intended))
            await journal.RecordAsync(record.With(await LookAsync(record.Step, cancellationToken), time.GetUtcNow()));
        return journal.Fault;
    }

    private async Task<ActionResult> LookAsync(ActionStep step, CancellationToken cancellationToken)
    {
        if (!actions.TryGetValue(step.Action, out var action))
            return ActionResult.Unknown($"The agent ended in the midst of {step.Action}, and this one has no such action: look whether it happened.");
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            var result = await action.ResolveAsync(step, either.Token);
            var isProved = step.Proof.Kind != ProofKind.None && result.Outcome is ActionOutcome.Done or ActionOutcome.Failed;
            return isProved ? result : ActionResult.Unknown($"The agent ended in the midst of {step.Action}, and nothing proves what became of it. {result.Says}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ActionResult.Unknown($"The agent ended in the midst of {step.Action}, and what became of it was not found out within {Patience.TotalSeconds} s.");
        }
    }
}
