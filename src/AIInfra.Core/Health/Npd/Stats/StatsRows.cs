using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Metrics;

namespace AIInfra.Core.Health.Npd.Stats;

/// <summary>The figures of all system-stats-monitors on the metrics page, under the names that their files give. What two files ask for, the first one shows.</summary>
public sealed class StatsRows : PageRows
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, ImmutableArray<Family>> _byMonitor = new(StringComparer.Ordinal);
    private ImmutableArray<Family> _families = [];

    private sealed record Family(string Name, byte[] NameBytes, byte[] Header, ImmutableArray<(byte[] Labels, double Value)> Rows);

    internal void Publish(NpdStatsMonitor monitor, StatsSample sample)
    {
        var values = sample.Values.ToLookup(value => value.Id);
        var families = ImmutableArray.CreateBuilder<Family>();
        foreach (var metric in StatsTable.All)
        {
            if (!monitor.Names.TryGetValue(metric.Id, out var name) || !values[metric.Id].Any())
                continue;
            name = Clean(name);
            families.Add(new Family(name, Encoding.UTF8.GetBytes(name), SampleWriter.Header(name, metric.Help, metric.IsCounter ? MetricType.Counter : MetricType.Gauge),
                [.. values[metric.Id].Select(value => (Labels(metric, value.Labels), value.Value))]));
        }
        lock (_gate)
        {
            _byMonitor[monitor.Path] = families.ToImmutable();
            _families = [.. _byMonitor.Values.SelectMany(each => each).DistinctBy(family => family.Name)];
        }
    }

    internal override void Write(SampleWriter writer)
    {
        ImmutableArray<Family> families;
        lock (_gate)
            families = _families;
        foreach (var family in families)
        {
            writer.Write(family.Header);
            foreach (var (labels, value) in family.Rows)
                writer.Write(family.NameBytes, labels, value);
        }
    }

    private static byte[] Labels(StatsMetric metric, string[] values) =>
        LabelBlock.Render(metric.Labels.Select((label, at) => new KeyValuePair<string, string>(label, at < values.Length ? values[at] : "")));

    /// <summary>Names of metrics hold letters, digits and underscores.</summary>
    private static string Clean(string name)
    {
        var clean = string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or ':' ? letter : '_'));
        return char.IsAsciiDigit(clean[0]) ? $"_{clean}" : clean;
    }
}
