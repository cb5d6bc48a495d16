using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Core.Metrics;

/// <summary>The problems' series, rendered when the health snapshot changes and copied until it changes again.</summary>
internal sealed class ProblemRows
{
    /// <summary>Problems with a series of their own: a storm over many subjects must not flood the time series database.</summary>
    public const int Limit = 200;

    private static readonly ImmutableArray<(Severity Severity, LabelSet Labels)> BySeverity =
        [.. Enum.GetValues<Severity>().Select(severity => (severity, AgentMetric.Problems.Labelled(Words.Of(severity))))];

    private readonly ImmutableArray<(LabelSet Info, LabelSet LastSeen, double Seconds)> _rows;

    public ProblemRows(HealthSnapshot snapshot)
    {
        Snapshot = snapshot;
        // Subjects are outside input: two that differ only in what can't be printed are one series.
        _rows =
        [
            .. snapshot.Problems
                .Select((problem, place) => (Problem: problem, Place: place))
                .OrderByDescending(entry => entry.Problem.Severity)
                .Take(Limit)
                .OrderBy(entry => entry.Place)
                .Select(entry => Row(entry.Problem))
                .DistinctBy(row => row.LastSeen.Key),
        ];
    }

    public HealthSnapshot Snapshot { get; }

    public void Write(PageWriter writer)
    {
        writer.Family(AgentMetric.Problems);
        foreach (var (severity, labels) in BySeverity)
            writer.Sample(labels, Count(severity));
        writer.Family(AgentMetric.ProblemInfo);
        foreach (var (info, _, _) in _rows)
            writer.Sample(info, 1);
        writer.Family(AgentMetric.ProblemLastSeen);
        foreach (var (_, lastSeen, seconds) in _rows)
            writer.Sample(lastSeen, seconds);
        writer.Family(AgentMetric.ProblemSeriesOmitted);
        writer.Sample(LabelSet.Empty, Snapshot.Problems.Length - _rows.Length);
        writer.Family(AgentMetric.ProblemsDropped);
        writer.Sample(LabelSet.Empty, Snapshot.Dropped);
    }

    private static (LabelSet Info, LabelSet LastSeen, double Seconds) Row(Problem problem)
    {
        var kind = Words.Of(problem.Subject.Kind);
        return (
            AgentMetric.ProblemInfo.Labelled(
                problem.Id, kind, problem.Subject.Id, Words.Of(problem.Severity), Words.Of(problem.Cause), Words.Of(problem.Action)),
            AgentMetric.ProblemLastSeen.Labelled(problem.Id, kind, problem.Subject.Id),
            problem.LastSeen.ToUnixTimeMilliseconds() / 1000.0);
    }

    private long Count(Severity severity)
    {
        var count = 0L;
        foreach (var problem in Snapshot.Problems)
            count += problem.Severity == severity ? 1 : 0;
        return count;
    }
}
