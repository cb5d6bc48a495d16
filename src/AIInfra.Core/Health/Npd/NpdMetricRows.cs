using System.Collections.Immutable;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Health.Npd;

/// <summary>The metrics of node-problem-detector under its own names: <c>problem_counter</c> without <c>_total</c>.</summary>
public sealed class NpdMetricRows(NpdBoard board) : PageRows
{
    private static readonly AgentMetric CounterName = AgentMetric.ProblemCounter, GaugeName = AgentMetric.ProblemGauge;

    private readonly ImmutableArray<(NpdCounters.Counter Counter, byte[] Labels)> _reasons = [.. board.Counters.Reasons.Select(counter => (counter, CounterName.Series(counter.Reason)))];
    private readonly ImmutableArray<(NpdCounters.Gauge Gauge, byte[] Labels)> _gauges = [.. board.Counters.Gauges.Select(gauge => (gauge, GaugeName.Series(gauge.Type, gauge.Reason)))];

    internal override void Write(SampleWriter writer)
    {
        if (_reasons.Length > 0)
            writer.Write(CounterName.Header);
        foreach (var (counter, labels) in _reasons)
            writer.Write(CounterName.NameBytes, labels, counter.Value);
        var isOpen = false;
        foreach (var (gauge, labels) in _gauges)
        {
            if (gauge.Value < 0)
                continue;
            if (!isOpen)
                writer.Write(GaugeName.Header);
            isOpen = true;
            writer.Write(GaugeName.NameBytes, labels, gauge.Value);
        }
    }
}
