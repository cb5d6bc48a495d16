using System.Collections.Immutable;
using AIInfra.Core.Health.Probes;

namespace AIInfra.Agent.Diag;

/// <summary>Runs the probes as often as a level asks for, and says what came of each.</summary>
internal static class DiagLooks
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    /// <summary>Looks at one level, the last of which is told.</summary>
    public static int CountOf(DiagLevel level) => level switch { DiagLevel.Quick => 1, DiagLevel.Medium => 2, _ => 7 };

    /// <param name="run">Runs all probes once, and tells each as it ends.</param>
    /// <param name="tell">Told each check once: what any look found, and else what the last one said.</param>
    public static async Task RunAsync(
        DiagLevel level, TimeProvider time, Func<IProgress<ProbeReport>?, CancellationToken, Task<ImmutableArray<ProbeReport>>> run, Action<DiagCheck> tell, CancellationToken cancellationToken)
    {
        var (looks, found) = (CountOf(level), new Dictionary<string, List<ProbeResult>>(StringComparer.Ordinal));
        for (var look = 1; look <= looks; look++)
        {
            if (look > 1)
                await Task.Delay(Between, time, cancellationToken);
            await run(new Each(report =>
            {
                lock (found)
                {
                    if (!found.TryGetValue(report.Name, out var results))
                        found[report.Name] = results = [];
                    results.AddRange(report.Results.Where(result => result.Answer == ProbeAnswer.Problem && !report.IsBroken));
                    if (look == looks)
                        tell(Of(report, results));
                }
            }), cancellationToken);
        }
    }

    private static DiagCheck Of(ProbeReport report, List<ProbeResult> found)
    {
        var seconds = report.Duration.TotalSeconds;
        if (report.State is ProbeState.NotHere or ProbeState.Off or ProbeState.Waiting)
            return new DiagCheck(report.Name, DiagOutcome.Skip, Sentence(report.Detail ?? "not run"), seconds, []);
        if (report.IsBroken)
            return new DiagCheck(report.Name, DiagOutcome.Unknown, Sentence(report.Detail ?? "it did not end"), seconds, []);
        var findings = found.GroupBy(result => (result.ProblemId, result.Subject)).Select(same => (Worst: same.MaxBy(result => result.Severity)!, Count: same.Count()))
            .Select(same => new DiagFinding(same.Worst.ProblemId, same.Worst.Subject.ToString(), same.Worst.Severity, same.Worst.Message, same.Worst.Evidence, same.Count)).ToList();
        var unanswered = report.Results.Where(result => result.Answer == ProbeAnswer.Unknown).ToList();
        var healthy = report.Results.Where(result => result.Answer == ProbeAnswer.Healthy).ToList();
        if (findings.Count == 0 && healthy.Count == 0 && unanswered.Count > 0)
            return new DiagCheck(report.Name, DiagOutcome.Skip, Sentence($"nothing can be said: {unanswered[0].Evidence}"), seconds, []);
        var says = healthy.Count switch { 0 => "nothing wrong", 1 => healthy[0].Evidence, _ => $"{healthy.Count} looked at, nothing wrong" };
        return DiagCheck.Of(report.Name, Sentence(says), seconds, findings);
    }

    private static string Sentence(string text) => text.Length == 0 || text.EndsWith('.') ? text : $"{char.ToUpperInvariant(text[0])}{text[1..]}.";

    /// <summary>Tells at once, on the thread that reports.</summary>
    private sealed class Each(Action<ProbeReport> tell) : IProgress<ProbeReport>
    {
        public void Report(ProbeReport value) => tell(value);
    }
}
