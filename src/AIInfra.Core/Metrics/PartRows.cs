using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Metrics;

/// <summary>The series of the agent's parts, rendered when one of them changes.</summary>
internal sealed class PartRows(ImmutableSortedDictionary<string, PartState> parts)
{
    private readonly ImmutableArray<(PartState Part, LabelSet Labels)> _rows =
        [.. parts.Values.Select(part => (part, AgentMetric.PartReady.Labelled(part.Name)))];

    public ImmutableSortedDictionary<string, PartState> Parts { get; } = parts;

    public void Write(PageWriter writer)
    {
        writer.Family(AgentMetric.PartReady);
        foreach (var (part, labels) in _rows)
            writer.Sample(labels, part.IsReady ? 1 : 0);
        writer.Family(AgentMetric.PartFaults);
        foreach (var (part, labels) in _rows)
            writer.Sample(labels, part.Faults);
    }
}
