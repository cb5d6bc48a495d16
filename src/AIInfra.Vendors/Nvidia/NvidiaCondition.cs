using AIInfra.Core.Health;

namespace AIInfra.Vendors.Nvidia;

/// <summary>A fault that shows in readings and lasts as long as they show it.</summary>
internal sealed record NvidiaCondition
{
    public required string Id { get; init; }
    public required Severity Severity { get; init; }
    public required Cause Cause { get; init; }
    public required SuggestedAction Action { get; init; }
    /// <summary>One sentence for the engineer on call.</summary>
    public required string Message { get; init; }
    /// <summary>How long readings must show it without a break before it is reported. Two rounds are 10 s apart, so zero is the first.</summary>
    public TimeSpan RaiseAfter { get; init; }
    /// <summary>How long they must not show it before it is over.</summary>
    public TimeSpan ClearAfter { get; init; }
    /// <summary>Not reported before the node has run for so long.</summary>
    public TimeSpan SettlesAfterBoot { get; init; }
    /// <summary>It becomes <see cref="WorseSeverity"/> when it has stood for so long.</summary>
    public TimeSpan? WorseAfter { get; init; }
    public Severity WorseSeverity { get; init; }
}

/// <summary>What one round of readings says of a condition.</summary>
/// <param name="IsKnown">False when they do not tell: nothing is concluded then.</param>
/// <param name="Fault">The evidence; null when the device is well.</param>
internal readonly record struct NvidiaVerdict(bool IsKnown, string? Fault)
{
    public static NvidiaVerdict Silent => default;
    public static NvidiaVerdict Well => new(true, null);
    public static NvidiaVerdict Bad(string evidence) => new(true, evidence);

    public static NvidiaVerdict BadIf(bool isBad, string evidence) => isBad ? Bad(evidence) : Well;
}

/// <summary>Turns verdicts into problems: each condition of each device has to last before it is raised, and to be gone for a while before it is cleared.</summary>
/// <remarks>For the one flow that hands on samples. What was told is remembered, so that a lasting fault is one report and no storm.</remarks>
internal sealed class NvidiaJudge(Func<TimeSpan> uptime)
{
    private readonly Dictionary<(string Device, string Condition), Streak> _streaks = [];

    /// <param name="Since">First of the verdicts in a row that were alike.</param>
    /// <param name="Told">What was reported last in this streak.</param>
    private readonly record struct Streak(bool IsBad, DateTimeOffset Since, (string Fault, Severity Severity)? Told);

    public void Judge(NvidiaCondition condition, Subject subject, NvidiaVerdict verdict, DateTimeOffset at, HealthBoard board)
    {
        if (!verdict.IsKnown)
            return;
        var key = (subject.Id, condition.Id);
        var isBad = verdict.Fault is not null;
        if (!_streaks.TryGetValue(key, out var streak) || streak.IsBad != isBad || at < streak.Since) // a clock that was set back starts anew
            streak = new Streak(isBad, at, null);
        if (verdict.Fault is not { } fault)
        {
            if (at - streak.Since >= condition.ClearAfter)
                board.ReportHealthy(condition.Id, subject, "the readings no longer show it");
        }
        else if (at - streak.Since >= condition.RaiseAfter && uptime() >= condition.SettlesAfterBoot)
        {
            var severity = SeverityOf(condition, subject, at, board);
            if (streak.Told != (fault, severity))
                board.Report(Report(condition, subject, severity, fault, at));
            streak = streak with { Told = (fault, severity) };
        }
        _streaks[key] = streak;
    }

    /// <summary>By the age of the problem that stands, which outlives the agent.</summary>
    private static Severity SeverityOf(NvidiaCondition condition, Subject subject, DateTimeOffset at, HealthBoard board)
    {
        if (condition.WorseAfter is not { } age)
            return condition.Severity;
        var standing = board.Current.Value.Problems.FirstOrDefault(problem => problem.Id == condition.Id && problem.Subject == subject);
        return standing is not null && at - standing.FirstSeen >= age ? condition.WorseSeverity : condition.Severity;
    }

    private static ProblemReport Report(NvidiaCondition condition, Subject subject, Severity severity, string fault, DateTimeOffset at) => new()
    {
        Id = condition.Id,
        Subject = subject,
        Severity = severity,
        Cause = condition.Cause,
        Action = condition.Action,
        Clearing = Clearing.OnHealthyReading,
        Message = condition.Message,
        Evidence = fault,
        At = at,
    };
}
