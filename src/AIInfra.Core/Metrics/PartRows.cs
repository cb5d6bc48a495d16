using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Metrics;

/// <summary>The series of the agent's parts, rendered when one of them changes.</summary>
internal sealed class PartRows(ImmutableSortedDictionary<string, PartState> parts)
{
    private readonly ImmutableArray<(PartState Part, byte[] Labels)> _rows =
        [.. parts.Values.Select(part => (part, AgentMetric.PartReady.Series(part.Name)))];

    public ImmutableSortedDictionary<string, PartState> Parts { get; } = parts;

    public void Write(SampleWriter writer)
    {
        if (_rows.Length == 0)
            return;
        writer.Write(AgentMetric.PartReady.Header);
        foreach (var (part, labels) in _rows)
            writer.Write(AgentMetric.PartReady.NameBytes, labels, part.IsReady ? 1 : 0);
        writer.Write(AgentMetric.PartFaults.Header);
        foreach (var (part, labels) in _rows)
            writer.Write(AgentMetric.PartFaults.NameBytes, labels, part.Faults);
    }
}
