using System.Text;

namespace AIInfra.Core.Metrics;

/// <summary>The reference of all names on the metrics page, generated from what renders them.</summary>
public static class MetricsReference
{
    /// <returns>Markdown, lines ended by LF: the agent's own metrics, then one table a profile.</returns>
    /// <param name="profiles">In the order in which they are to be listed.</param>
    public static string Write(IEnumerable<MetricProfile> profiles)
    {
        var page = new StringBuilder();
        page.Append("# Metrics\n\nGenerated from the code; a test compares. The page is Prometheus' text format 0.0.4. A reading that a device does\n");
        page.Append("not have, or did not give in time, has no line: no number stands for \"none\".\n\n");
        page.Append("## The agent's own\n\n| name | type | labels | meaning |\n|---|---|---|---|\n");
        foreach (var metric in AgentMetric.All)
            Row(page, $"`{metric.Name}`", Word(metric.Type), string.Join(", ", metric.Labels.Select(label => $"`{label}`")), metric.Help);
        foreach (var profile in profiles)
        {
            page.Append($"\n## Profile `{profile.Name}`, vendor `{profile.Vendor}`\n\n| name | type | reading | meaning |\n|---|---|---|---|\n");
            foreach (var family in profile.Families)
                Row(page, $"`{family.Name}`", Word(family.Type), $"`{family.Field}`", family.Help);
        }
        return page.ToString();
    }

    private static void Row(StringBuilder page, params ReadOnlySpan<string> cells)
    {
        foreach (var cell in cells)
            page.Append("| ").Append(cell.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ')).Append(' ');
        page.Append("|\n");
    }

    private static string Word(MetricType type) => type == MetricType.Counter ? "counter" : "gauge";
}
