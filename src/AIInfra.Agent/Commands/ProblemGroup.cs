using AIInfra.Agent.Control;

namespace AIInfra.Agent.Commands;

/// <summary>One problem, or the same one on several devices, with what follows from it.</summary>
/// <param name="Heads">The oldest first; at least one.</param>
internal sealed record ProblemGroup(IReadOnlyList<ProblemStatus> Heads, IReadOnlyList<ProblemGroup> Followers)
{
    public ProblemStatus Head => Heads[0];
    public DateTimeOffset FirstSeen => Heads.Min(problem => problem.FirstSeen);
    public DateTimeOffset LastSeen => Heads.Max(problem => problem.LastSeen);
    public long Count => Heads.Sum(problem => problem.Count);

    /// <param name="problems">As the daemon lists them: headline, then what follows from it.</param>
    /// <param name="isJoined">The same headline on several devices is one group.</param>
    public static List<ProblemGroup> Of(IReadOnlyList<ProblemStatus> problems, bool isJoined)
    {
        var incidents = new List<(ProblemStatus Head, List<ProblemStatus> Followers)>();
        foreach (var problem in problems)
        {
            if (problem.IsHeadline || incidents.Count == 0)
                incidents.Add((problem, []));
            else
                incidents[^1].Followers.Add(problem);
        }
        return
        [
            .. incidents
                .GroupBy(incident => isJoined ? (incident.Head.Id, incident.Head.Severity, incident.Head.Action, "") : (incident.Head.Id, incident.Head.Severity, incident.Head.Action, incident.Head.Subject))
                .Select(alike => new ProblemGroup(
                    [.. alike.Select(incident => incident.Head).OrderBy(head => head.FirstSeen)],
                    [.. alike.SelectMany(incident => incident.Followers).GroupBy(follower => (follower.Id, follower.Severity)).Select(same => new ProblemGroup([.. same], []))])),
        ];
    }
}
