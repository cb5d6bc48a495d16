using System.Collections.Immutable;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Health.Npd;

/// <summary>The metrics of node-problem-detector under its own names: <c>problem_counter</c> without <c>_total</c>.</summary>
public sealed class NpdMetricRows(NpdBoard board) : PageRows
{
    private static readonly AgentMetric CounterName = AgentMetric.ProblemCounter, GaugeName = AgentMetric.ProblemGauge;

    private readonly ImmutableArray<(NpdCounters.Counter Counter, LabelSet Labels)> _reasons = [.. board.Counters.Reasons.Select(counter => (counter, CounterName.Labelled(counter.Reason)))];
    private readonly ImmutableArray<(NpdCounters.Gauge Gauge, LabelSet Labels)> _gauges = [.. board.Counters.Gauges.Select(gauge => (gauge, GaugeName.Labelled(gauge.Type, gauge.Reason)))];

    public override void Write(PageWriter writer)
    {
        writer.Family(CounterName);
        foreach (var (counter, labels) in _reasons)
            writer.Sample(labels, counter.Value);
        writer.Family(GaugeName);
        foreach (var (gauge, labels) in _gauges)
        {
            if (gauge.Value >= 0)
                writer.Sample(labels, gauge.Value);
        }
    }
}
