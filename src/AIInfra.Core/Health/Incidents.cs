using System.Globalization;

namespace AIInfra.Core.Health;

/// <summary>Decides which problems of a device are one incident, and which of them is its headline. Pure but for the table; the board holds its lock.</summary>
internal static class Incidents
{
    /// <summary>From the first sighting of an incident to the last that joins it.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private const int FatalRank = 500, DegradedRank = 200, InfoRank = 100;

    /// <summary>A problem is new, or seen again after more than <see cref="Window"/>: it joins an incident of its device that is as fresh, or starts one.</summary>
    /// <remarks>One that stands in an incident together with others stays there: what followed from a fault goes on following from it.</remarks>
    /// <returns>True when its incident is another one now.</returns>
    public static bool Join(ProblemTable problems, ProblemTable.Entry entry, DateTimeOffset at)
    {
        var problem = entry.Problem;
        if (problem.Subject.Kind != SubjectKind.Device || problem.FlapWindow == TimeSpan.Zero)
            return false; // what a person switches follows from no fault
        var peers = problems.Entries.Where(other => other != entry && other.Problem.Subject == problem.Subject).Select(other => other.Problem.Incident).OfType<Incident>().ToList();
        if (problem.Incident is { } own && peers.Any(peer => peer.Id == own.Id))
            return false;
        var near = peers.Where(peer => (peer.At - at).Duration() <= Window).MaxBy(peer => peer.At);
        entry.Problem = problem with { Incident = near ?? Start(problem.Id, at) };
        Settle(problems, problem.Subject, entry.Problem.Incident!.Id);
        return true;
    }

    /// <summary>Members came, went or changed: chooses the headline anew.</summary>
    public static void Settle(ProblemTable problems, Subject subject, string incidentId)
    {
        var members = problems.Entries.Where(entry => entry.Problem.Subject == subject && entry.Problem.Incident?.Id == incidentId).ToList();
        if (members.Count == 0)
            return;
        var headline = members.Select(entry => entry.Problem).OrderByDescending(RankOf).ThenByDescending(problem => problem.Severity)
            .ThenBy(problem => problem.FirstSeen).ThenBy(problem => problem.Id, StringComparer.Ordinal).First().Id;
        foreach (var entry in members.Where(entry => entry.Problem.Incident!.Headline != headline))
            entry.Problem = entry.Problem with { Incident = entry.Problem.Incident! with { Headline = headline } };
    }

    private static Incident Start(string problemId, DateTimeOffset at) =>
        new(at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.fff'Z'", CultureInfo.InvariantCulture), at, problemId);

    private static int RankOf(Problem problem) => problem.Rank ?? problem.Severity switch
    {
        Severity.Fatal => FatalRank,
        Severity.Degraded => DegradedRank,
        _ => InfoRank,
    };
}
