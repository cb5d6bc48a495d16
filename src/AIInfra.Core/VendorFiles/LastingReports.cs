using AIInfra.Core.Health;

namespace AIInfra.Core.VendorFiles;

public static class LastingReports
{
    /// <summary>Reports a state that every round finds again: once, and again only when it is another one or somebody has cleared it.</summary>
    public static void ReportLasting(this HealthBoard board, ProblemReport report)
    {
        var standing = board.Current.Value.Problems.FirstOrDefault(problem => problem.Id == report.Id && problem.Subject == report.Subject);
        if (standing is not null && standing.Severity == report.Severity && standing.Message == report.Message && standing.Over is null)
            return;
        if (standing is not null && standing.Severity > report.Severity)
            board.ReportHealthy(report.Id, report.Subject, "it is milder now"); // a report below a standing one would change no word of it
        board.Report(report);
    }
}
