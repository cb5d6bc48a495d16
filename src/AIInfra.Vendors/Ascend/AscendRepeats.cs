using System.Collections.Frozen;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Vendors.Ascend;

/// <summary>Faults that come back too often within a day, whatever each of them asks for: the chip is given no work until a person has looked.</summary>
/// <remarks>Counted in the history of problems, which survives the agent; a clearing by hand starts the count anew. Source: mind-cluster 22bb3d98, faultCustomization.json.</remarks>
internal sealed class AscendRepeats
{
    private sealed record Rule(string ProblemId, int Times, TimeSpan Within, Clearing Clearing);

    private readonly FrozenDictionary<uint, Rule> _rules = VendorData.Lines("ascend.repeats.tsv").Select(line => line.Split('\t')).SelectMany(cells =>
    {
        var rule = new Rule($"ascend.{cells[0]}", int.Parse(cells[1], CultureInfo.InvariantCulture), TimeSpan.FromHours(int.Parse(cells[2], CultureInfo.InvariantCulture)),
            LogRule.ClearingOf(cells[3]) ?? throw new FormatException($"repeats.tsv: '{cells[3]}' is no clearing"));
        return AscendFaultTable.CodesOf(cells[4]).Select(code => KeyValuePair.Create(code, rule));
    }).ToFrozenDictionary();

    /// <summary>To be called when a fault was raised.</summary>
    public void Look(AscendFault fault, Subject subject, DateTimeOffset at, HealthBoard board)
    {
        if (!_rules.TryGetValue(fault.Code, out var rule))
            return;
        var now = board.Current.Value;
        var (count, from) = (0, at - rule.Within);
        for (var step = now.Transitions.Length - 1; step >= 0 && now.Transitions[step].At >= from; step--)
        {
            var one = now.Transitions[step];
            if (one.Subject != subject)
                continue;
            if (one.ProblemId == rule.ProblemId && one.Kind == TransitionKind.Cleared)
                break;
            if (one.ProblemId == fault.ProblemId && one.Kind == TransitionKind.Raised)
                count++;
        }
        if (now.Problems.FirstOrDefault(problem => problem.Id == fault.ProblemId && problem.Subject == subject) is { } standing && standing.FirstSeen >= from)
            count += (int)Math.Min(standing.Count - 1, 1000); // one-off faults while the first of them stands
        if (count < rule.Times)
            return;
        board.Report(new ProblemReport
        {
            Id = rule.ProblemId,
            Subject = subject,
            Severity = Severity.Fatal,
            Cause = fault.Cause,
            Action = SuggestedAction.Drain,
            Clearing = rule.Clearing,
            Message = string.Create(CultureInfo.InvariantCulture, $"Fault {fault.Code:X8} came {count} times within {rule.Within.TotalHours:0} h; {rule.Times} are too many. {fault.Meaning.English}"),
            Evidence = string.Create(CultureInfo.InvariantCulture, $"{fault.ProblemId}, {count} times since {(at - rule.Within).UtcDateTime:yyyy-MM-dd HH:mm}Z"),
            At = at,
        });
    }
}
