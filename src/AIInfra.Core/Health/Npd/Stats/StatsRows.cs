using System.Collections.Immutable;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>The figures of all system-stats-monitors on the metrics page, under the names that their files give. What two files ask for, the first one shows.</summary>
public sealed class StatsRows : PageRows
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, ImmutableArray<Family>> _byMonitor = new(StringComparer.Ordinal);
    private ImmutableArray<Family> _families = [];

    private sealed record Family(MetricHead Head, ImmutableArray<(LabelSet Labels, double Value)> Rows);

    internal void Publish(NpdStatsMonitor monitor, StatsSample sample)
    {
        var values = sample.Values.ToLookup(value => value.Id);
        var families = ImmutableArray.CreateBuilder<Family>();
        foreach (var metric in StatsTable.All)
        {
            if (!monitor.Names.TryGetValue(metric.Id, out var name) || !values[metric.Id].Any())
                continue;
            families.Add(new Family(new MetricHead(Clean(name), metric.IsCounter ? MetricType.Counter : MetricType.Gauge, metric.Help),
                [.. values[metric.Id].Select(value => (Labels(metric, value.Labels), value.Value))]));
        }
        lock (_gate)
        {
            _byMonitor[monitor.Path] = families.ToImmutable();
            _families = [.. _byMonitor.Values.SelectMany(each => each).DistinctBy(family => family.Head.Name)];
        }
    }

    public override void Write(PageWriter writer)
    {
        ImmutableArray<Family> families;
        lock (_gate)
            families = _families;
        foreach (var family in families)
        {
            writer.Family(family.Head);
            foreach (var (labels, value) in family.Rows)
                writer.Sample(labels, value);
        }
    }

    private static LabelSet Labels(StatsMetric metric, string[] values) =>
        new(metric.Labels.Select((label, at) => new KeyValuePair<string, string>(label, at < values.Length ? values[at] : "")));

    /// <summary>Names of metrics hold letters, digits and underscores.</summary>
    private static string Clean(string name)
    {
        var clean = string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or ':' ? letter : '_'));
        return char.IsAsciiDigit(clean[0]) ? $"_{clean}" : clean;
    }
}
