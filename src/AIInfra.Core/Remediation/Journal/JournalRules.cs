using System.Collections.Immutable;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Journal;

/// <summary>What may follow what in the journal, and what is forgotten. Pure.</summary>
internal static class JournalRules
{
    /// <returns>Null, or in a sentence why this step must not be begun.</returns>
    public static string? RefuseIntent(RemediationHistory history, StepRecord record)
    {
        if (record.State != StepState.Intended || record.Result is not null)
            return $"Step {record.Step.Id} is no intent: it has an outcome.";
        foreach (var earlier in history.Records)
        {
            if (earlier.Step.Id == record.Step.Id)
                return $"Step {record.Step.Id} stands in the journal: nothing is done twice.";
            if (earlier.State == StepState.Intended)
                return $"It is not settled yet what became of step {earlier.Step.Id}.";
            if (earlier.NeedsPerson)
                return $"It is not known what became of step {earlier.Step.Id}; look, then approve {earlier.Step.Operation}.";
        }
        return null;
    }

    /// <exception cref="InvalidOperationException">The record contradicts what stands in the journal.</exception>
    public static void CheckChange(RemediationHistory history, StepRecord record)
    {
        var before = history.Records.LastOrDefault(earlier => earlier.Step.Id == record.Step.Id)
            ?? throw new InvalidOperationException($"Step {record.Step.Id} was not intended.");
        if (record.State < before.State || record.State == StepState.Intended)
            throw new InvalidOperationException($"Step {record.Step.Id} is {before.State} and cannot become {record.State}.");
        if (record.Result is null)
            throw new InvalidOperationException($"Step {record.Step.Id} cannot be {record.State} without an outcome.");
        if (before.Result is not null && before.Result != record.Result)
            throw new InvalidOperationException($"The outcome of step {record.Step.Id} is known ({before.Result.Outcome}) and does not change.");
        if (before.State == StepState.Closed && !(before.NeedsPerson && record.IsAcknowledged))
            throw new InvalidOperationException($"Step {record.Step.Id} is closed.");
    }

    /// <summary>The oldest operations, so many that no more than <paramref name="most"/> steps stay. What is open, and the cordon that stands, is never among them.</summary>
    public static ImmutableArray<StepRecord> Outdated(RemediationHistory history, int most)
    {
        var outdated = ImmutableArray.CreateBuilder<StepRecord>();
        var over = history.Records.Length - most;
        foreach (var operation in history.Operations)
        {
            if (outdated.Count >= over)
                break;
            if (operation.Id != history.Open?.Id && operation.Id != history.CordonedBy?.Step.Operation && operation.Steps.All(step => step is { State: StepState.Closed, NeedsPerson: false }))
                outdated.AddRange(operation.Steps);
        }
        return outdated.ToImmutable();
    }
}
