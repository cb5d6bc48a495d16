using System.Collections.Immutable;
using AIInfra.Core.Labels;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Toolkits;

/// <summary>What is installed, on the metrics page.</summary>
internal sealed class ToolkitRows(ToolkitBoard board) : PageRows
{
    private const int MostSeries = 64;

    private object? _rendered;
    private ImmutableArray<LabelSet> _rows = [];

    public override void Write(PageWriter writer)
    {
        var now = board.Current.Value;
        if (!ReferenceEquals(now, _rendered))
            (_rendered, _rows) = (now, [.. now.All.Take(MostSeries).Select(toolkit => AgentMetric.ToolkitInfo.Labelled(toolkit.Name, toolkit.Version, toolkit.Path))]);
        if (_rows.IsEmpty)
            return;
        writer.Family(AgentMetric.ToolkitInfo);
        foreach (var row in _rows)
            writer.Sample(row, 1);
    }
}

/// <summary>What is installed, in labels of the node: of each toolkit the highest version.</summary>
internal sealed class ToolkitLabels(ToolkitBoard board) : INodeLabels
{
    private const string Prefix = "aiinfra.io/toolkit.";

    public ImmutableSortedDictionary<string, string> Make() => board.Current.Value.All.DistinctBy(toolkit => toolkit.Name)
        .ToImmutableSortedDictionary(toolkit => Prefix + toolkit.Name, toolkit => LabelValue.Of(toolkit.Version), StringComparer.Ordinal);
}
