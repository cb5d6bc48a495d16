using AIInfra.Core.Health;

namespace AIInfra.Agent.Diag;

/// <summary>What came of one check.</summary>
internal enum DiagOutcome
{
    /// <summary>All is well.</summary>
    Pass,
    /// <summary>There is nothing for it on this host, or it was not wanted.</summary>
    Skip,
    /// <summary>Something is wrong that work can bear.</summary>
    Warn,
    /// <summary>It was asked and there was no answer that says anything.</summary>
    Unknown,
    /// <summary>New work must not be placed here.</summary>
    Fail,
}

internal enum DiagVerdict { Fit, Unknown, Unfit }

/// <summary>How much is looked at.</summary>
internal enum DiagLevel
{
    /// <summary>Each probe once: seconds.</summary>
    Quick,
    /// <summary>Each probe twice, 10 s apart, so that counters show growth.</summary>
    Medium,
    /// <summary>Each probe for a minute, so that what comes and goes is seen.</summary>
    Long,
}

/// <summary>Something wrong that a check found.</summary>
/// <param name="Count">How often it was seen; 1 where that is not counted.</param>
internal sealed record DiagFinding(string Problem, string Subject, Severity Severity, string Message, string Evidence, long Count);

/// <param name="Says">One sentence: what was looked at, or why it was not.</param>
/// <param name="Findings">The worst first.</param>
internal sealed record DiagCheck(string Name, DiagOutcome Outcome, string Says, double Seconds, IReadOnlyList<DiagFinding> Findings)
{
    public static DiagCheck Of(string name, string ifWell, double seconds, IEnumerable<DiagFinding> findings)
    {
        var all = findings.OrderByDescending(finding => finding.Severity).ToList();
        var outcome = all.Count == 0 || all[0].Severity == Severity.Info ? DiagOutcome.Pass : all[0].Severity == Severity.Degraded ? DiagOutcome.Warn : DiagOutcome.Fail;
        return new DiagCheck(name, outcome, all.Count == 0 ? ifWell : $"{all.Count} {(all.Count == 1 ? "finding" : "findings")}", seconds, all);
    }
}

/// <summary>One run of <c>diag</c>. Times are UTC.</summary>
/// <param name="Daemon">True: the running daemon was asked; false: this command looked by itself.</param>
/// <param name="IsWhole">False when it was broken off.</param>
/// <param name="New">What an earlier report did not have, or has seen less often; null where none was given.</param>
/// <param name="Gone">What the earlier report had and this one has not.</param>
internal sealed record DiagReport(
    string Node, string Version, DateTimeOffset Started, double Seconds, DiagLevel Level, bool Daemon, bool IsWhole, DiagVerdict Verdict, IReadOnlyList<DiagCheck> Checks,
    IReadOnlyList<DiagFinding>? New = null, IReadOnlyList<DiagFinding>? Gone = null)
{
    /// <summary>Unfit by one failed check; else not known by one that gave no answer, or when it was broken off.</summary>
    public static DiagVerdict VerdictOf(IReadOnlyCollection<DiagCheck> checks, bool isWhole) =>
        checks.Any(check => check.Outcome == DiagOutcome.Fail) ? DiagVerdict.Unfit
        : !isWhole || checks.Any(check => check.Outcome == DiagOutcome.Unknown) ? DiagVerdict.Unknown
        : DiagVerdict.Fit;

    /// <summary>The same beside an earlier one: before a job and after it.</summary>
    public DiagReport ComparedWith(DiagReport earlier)
    {
        var (before, now) = (ByKey(earlier), ByKey(this));
        return this with
        {
            New = [.. now.Where(pair => !before.TryGetValue(pair.Key, out var old) || old.Count < pair.Value.Count).Select(pair => pair.Value)],
            Gone = [.. before.Where(pair => !now.ContainsKey(pair.Key)).Select(pair => pair.Value)],
        };
    }

    private static Dictionary<(string, string), DiagFinding> ByKey(DiagReport report) => report.Checks.SelectMany(check => check.Findings)
        .GroupBy(finding => (finding.Problem, finding.Subject)).ToDictionary(same => same.Key, same => same.MaxBy(finding => finding.Count)!);
}
