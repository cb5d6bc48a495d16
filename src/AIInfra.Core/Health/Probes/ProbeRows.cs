using System.Collections.Immutable;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Health.Probes;

/// <summary>What the probes cost and whether they work, for the metrics page.</summary>
internal sealed class ProbeRows(ProbeBoard board, ProbeChildren children) : PageRows
{
    private static readonly ImmutableArray<ProbeAnswer> Answers = [ProbeAnswer.Healthy, ProbeAnswer.Problem, ProbeAnswer.Unknown];

    private ImmutableSortedDictionary<string, ProbeReport>? _rendered;
    private ImmutableArray<Row> _rows = [];

    private sealed record Row(byte[] Probe, bool IsWell, double Seconds, double At, ImmutableArray<(byte[] Labels, int Count)> Subjects);

    internal override void Write(SampleWriter writer)
    {
        var now = board.Current.Value;
        if (!ReferenceEquals(now, _rendered))
            (_rendered, _rows) = (now, [.. now.Values.Where(report => report.State is not (ProbeState.Waiting or ProbeState.NotHere or ProbeState.Off)).Select(Render)]);
        writer.Write(AgentMetric.ProbeChildrenStuck.Header);
        writer.Write(AgentMetric.ProbeChildrenStuck.NameBytes, [], children.Stuck);
        if (_rows.IsEmpty)
            return;
        WriteFamily(writer, AgentMetric.ProbeWell, row => row.IsWell ? 1 : 0);
        WriteFamily(writer, AgentMetric.ProbeDuration, row => row.Seconds);
        WriteFamily(writer, AgentMetric.ProbeLastRun, row => row.At);
        writer.Write(AgentMetric.ProbeSubjects.Header);
        foreach (var row in _rows)
        {
            foreach (var (labels, count) in row.Subjects)
                writer.Write(AgentMetric.ProbeSubjects.NameBytes, labels, count);
        }
    }

    private void WriteFamily(SampleWriter writer, AgentMetric metric, Func<Row, double> value)
    {
        writer.Write(metric.Header);
        foreach (var row in _rows)
            writer.Write(metric.NameBytes, row.Probe, value(row));
    }

    private static Row Render(ProbeReport report) => new(
        AgentMetric.ProbeWell.Series(report.Name), !report.IsBroken, report.Duration.TotalSeconds, report.At!.Value.ToUnixTimeMilliseconds() / 1000.0,
        [.. Answers.Select(answer => (AgentMetric.ProbeSubjects.Series(report.Name, answer switch { ProbeAnswer.Healthy => "healthy", ProbeAnswer.Problem => "problem", _ => "unknown" }),
            report.Results.Count(result => result.Answer == answer)))]);
}
