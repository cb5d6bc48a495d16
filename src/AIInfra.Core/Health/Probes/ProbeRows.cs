using System.Collections.Immutable;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Health.Probes;

/// <summary>What the probes cost and whether they work, for the metrics page.</summary>
internal sealed class ProbeRows(ProbeBoard board, ProbeChildren children) : PageRows
{
    private static readonly ImmutableArray<ProbeAnswer> Answers = [ProbeAnswer.Healthy, ProbeAnswer.Problem, ProbeAnswer.Unknown];

    private ImmutableSortedDictionary<string, ProbeReport>? _rendered;
    private ImmutableArray<Row> _rows = [];

    private sealed record Row(LabelSet Probe, bool IsWell, double Seconds, double At, ImmutableArray<(LabelSet Labels, int Count)> Subjects);

    public override void Write(PageWriter writer)
    {
        var now = board.Current.Value;
        if (!ReferenceEquals(now, _rendered))
            (_rendered, _rows) = (now, [.. now.Values.Where(report => report.State is not (ProbeState.Waiting or ProbeState.NotHere or ProbeState.Off)).Select(Render)]);
        writer.Family(AgentMetric.ProbeChildrenStuck);
        writer.Sample(LabelSet.Empty, children.Stuck);
        if (_rows.IsEmpty)
            return;
        WriteFamily(writer, AgentMetric.ProbeWell, row => row.IsWell ? 1 : 0);
        WriteFamily(writer, AgentMetric.ProbeDuration, row => row.Seconds);
        WriteFamily(writer, AgentMetric.ProbeLastRun, row => row.At);
        writer.Family(AgentMetric.ProbeSubjects);
        foreach (var row in _rows)
        {
            foreach (var (labels, count) in row.Subjects)
                writer.Sample(labels, count);
        }
    }

    private void WriteFamily(PageWriter writer, AgentMetric metric, Func<Row, double> value)
    {
        writer.Family(metric);
        foreach (var row in _rows)
            writer.Sample(row.Probe, value(row));
    }

    private static Row Render(ProbeReport report) => new(
        AgentMetric.ProbeWell.Labelled(report.Name), !report.IsBroken, report.Duration.TotalSeconds, report.At!.Value.ToUnixTimeMilliseconds() / 1000.0,
        [.. Answers.Select(answer => (AgentMetric.ProbeSubjects.Labelled(report.Name, answer switch { ProbeAnswer.Healthy => "healthy", ProbeAnswer.Problem => "problem", _ => "unknown" }),
            report.Results.Count(result => result.Answer == answer)))]);
}
