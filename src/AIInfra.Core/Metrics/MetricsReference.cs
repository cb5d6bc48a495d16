using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>The reference of all names on the metrics page, generated from what renders them.</summary>
public static class MetricsReference
{
    /// <summary>The line above which the page is written by hand.</summary>
    public const string Mark = "<!-- Generated from the code below this line; a test compares. -->";

    /// <returns>Markdown, lines ended by LF, from <see cref="Mark"/> on: the agent's own metrics, then one table a profile.</returns>
    /// <param name="profiles">In the order in which they are to be listed; those of one name together.</param>
    /// <param name="tables">The fields of all vendors.</param>
    public static string Write(IReadOnlyCollection<MetricProfile> profiles, ImmutableArray<FieldTable> tables)
    {
        var page = new StringBuilder();
        page.Append(Mark).Append("\n\n## The agent's own\n\n| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
        foreach (var metric in AgentMetric.All)
            Row(page, $"`{metric.Name}`", Word(metric.Type), metric.BaseUnit, Quoted(metric.Labels), metric.Help);
        foreach (var sameName in profiles.GroupBy(profile => profile.Name))
            WriteProfile(page, sameName.Key, [.. sameName], tables);
        return page.ToString();
    }

    private static void WriteProfile(StringBuilder page, string name, ImmutableArray<MetricProfile> vendors, ImmutableArray<FieldTable> tables)
    {
        page.Append($"\n## Profile `{name}`\n\n| name | type | unit | labels beside the device's | vendor: reading, from | absent for | meaning |\n|---|---|---|---|---|---|---|\n");
        foreach (var family in vendors.SelectMany(profile => profile.Families.Select(family => (profile, family))).GroupBy(entry => entry.family.Name))
        {
            var first = family.First().family;
            var fields = family.Select(entry => (entry.profile.Vendor, Field: FieldOf(tables, entry.profile.Vendor, entry.family.Field))).ToArray();
            Row(page, $"`{first.Name}`", Word(first.Type), first.Unit.Length > 0 ? first.Unit : new MetricHead(first.Name, first.Type, first.Help).BaseUnit,
                string.Join("; ", family.Select(entry => string.Join(", ", entry.family.Labels.Select(label => $"`{label.Key}=\"{label.Value}\"`"))).Where(text => text.Length > 0).Distinct()),
                string.Join("; ", fields.Select(entry => $"{entry.Vendor}: `{entry.Field.Name}`, {entry.Field.Source}").Distinct()),
                string.Join("; ", fields.Select(entry => entry.Field.Absence).Where(text => text.Length > 0).Distinct()), first.Help);
        }
        foreach (var rows in vendors.SelectMany(profile => profile.Rows.Select(rows => (profile.Vendor, rows))).GroupBy(entry => entry.rows.Head.Name))
        {
            var (_, first) = rows.First();
            Row(page, $"`{first.Head.Name}`", Word(first.Head.Type), first.Head.BaseUnit, Quoted(first.LabelNames),
                string.Join("; ", rows.Select(entry => $"{entry.Vendor}: {entry.rows.Source}")), "", first.Head.Help);
        }
    }

    private static Field FieldOf(ImmutableArray<FieldTable> tables, string vendor, string name)
    {
        var table = tables.FirstOrDefault(fields => fields.Vendor == vendor);
        return table is not null && table.TryFind(name, out var place) ? table.Fields[place] : new Field(name, FieldKind.Gauge);
    }

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"`{name}`"));

    private static void Row(StringBuilder page, params ReadOnlySpan<string> cells)
    {
        foreach (var cell in cells)
            page.Append("| ").Append(cell.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ')).Append(' ');
        page.Append("|\n");
    }

    private static string Word(MetricType type) => type == MetricType.Counter ? "counter" : "gauge";
}
