using System.Globalization;
using AIInfra.Agent.Diag;
using AIInfra.Core.Health;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary>A report of <c>diag</c> for a person: the verdict, the checks a line each, then what is wrong in full.</summary>
internal sealed class DiagLines(IAnsiConsole console)
{
    private const int MostFindings = 12, MostEvidence = 240, NameWidth = 17;

    public void Show(DiagReport report)
    {
        var (words, colour) = report.Verdict switch
        {
            DiagVerdict.Fit => ("FIT for work", "green"),
            DiagVerdict.Unfit => ("NOT FIT for work", "red"),
            _ => ("not known whether it is fit", "yellow"),
        };
        console.MarkupLineInterpolated($"[bold]{Terminal.Show(report.Node)}[/]: [{colour}]{words}[/]{(report.IsWhole ? "" : ", broken off")}");
        Terminal.WriteParagraph(console, "  ", string.Create(CultureInfo.InvariantCulture,
            $"level {report.Level.ToString().ToLowerInvariant()}, {report.Seconds:0.0} s, {(report.Daemon ? "the daemon was asked" : "without a daemon: devices and their readings were not asked")}"));
        console.WriteLine();
        foreach (var check in report.Checks.Where(check => check.Outcome != DiagOutcome.Skip))
            ShowCheck(check);
        if (report.Checks.Where(check => check.Outcome == DiagOutcome.Skip).ToList() is { Count: > 0 } skipped)
            Terminal.WriteParagraph(console, "SKIP     ", Terminal.Show(string.Join(", ", skipped.Select(check => check.Name))) + " (nothing for them here; -o json says why)");
        ShowFindings("", [.. report.Checks.SelectMany(check => check.Findings).Where(finding => finding.Severity > Severity.Info)
            .DistinctBy(finding => (finding.Problem, finding.Subject)).OrderByDescending(finding => finding.Severity)]);
        if (report.New is { } news)
            ShowComparison(news, report.Gone ?? []);
    }

    private void ShowCheck(DiagCheck check) => Terminal.WriteParagraph(console, $"{check.Outcome.ToString().ToUpperInvariant(),-9}{check.Name.PadRight(NameWidth)} ", Terminal.Show(check.Says));

    private void ShowFindings(string title, List<DiagFinding> findings)
    {
        if (title.Length > 0)
            console.WriteLine(title);
        foreach (var finding in findings.Take(MostFindings))
        {
            console.WriteLine();
            console.MarkupLineInterpolated($"[{(finding.Severity == Severity.Fatal ? "red" : "yellow")}]{finding.Severity.ToString().ToUpperInvariant()}[/] [bold]{Terminal.Show(finding.Problem)}[/] on {Terminal.Show(finding.Subject)}");
            Terminal.WriteParagraph(console, "  what  ", Terminal.Show(finding.Message));
            if (finding.Evidence.Length > 0)
                Terminal.WriteParagraph(console, "  line  ", Terminal.Show(finding.Evidence.Length <= MostEvidence ? finding.Evidence : finding.Evidence[..MostEvidence] + "…"));
        }
        if (findings.Count > MostFindings)
            console.WriteLine($"and {findings.Count - MostFindings} more; -o json has all");
    }

    private void ShowComparison(IReadOnlyList<DiagFinding> news, IReadOnlyList<DiagFinding> gone)
    {
        console.WriteLine();
        if (news.Count + gone.Count == 0)
            console.WriteLine("Nothing came or went since the earlier report.");
        foreach (var (word, finding) in news.Select(finding => ("NEW", finding)).Concat(gone.Select(finding => ("GONE", finding))))
            Terminal.WriteParagraph(console, $"{word,-9}", Terminal.Show($"{finding.Problem} on {finding.Subject}: {finding.Message}"));
    }
}
