using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Fleet.Reporting;

/// <summary>The journal's steps as the protocol tells them. The same history gives the same list.</summary>
public static class JournalOperations
{
    private const int Most = 100;

    /// <param name="grant">Grant and fence of an operation that is held now.</param>
    public static IReadOnlyList<V1.Operation> Of(RemediationHistory history, Func<string, (string Grant, ulong Fence)> grant) =>
        [.. history.Records.TakeLast(Most).Select(record => Tell(record, record.State == StepState.Closed ? ("", 0) : grant(record.Step.Operation)))];

    private static V1.Operation Tell(StepRecord record, (string Grant, ulong Fence) grant) => new()
    {
        Id = record.Step.Operation,
        Step = record.Step.Id,
        Action = record.Step.Action,
        State = record.State switch { StepState.Intended => "intended", StepState.Acted => "acted", _ => "closed" },
        Outcome = record.Result is { } result ? Words.Of(result.Outcome) : "",
        Says = record.Result?.Says ?? "",
        Problem = NodeReader.Key(record.Step.ProblemId, record.Step.Subject),
        Ladder = record.Ladder,
        Rung = record.Rung,
        IntendedMilliseconds = record.IntendedAt.ToUnixTimeMilliseconds(),
        ActedMilliseconds = record.ActedAt?.ToUnixTimeMilliseconds() ?? 0,
        ClosedMilliseconds = record.ClosedAt?.ToUnixTimeMilliseconds() ?? 0,
        Helped = record.Helped switch { true => "yes", false => "no", null => "" },
        Grant = grant.Grant,
        Fence = grant.Fence,
    };
}
