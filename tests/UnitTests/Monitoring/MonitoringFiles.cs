using System.Text.Json;
using AIInfra.Testing;
using YamlDotNet.RepresentationModel;

namespace AIInfra.UnitTests.Monitoring;

/// <summary>An alert or a recording rule as it stands in <c>deploy/prometheus</c>.</summary>
internal sealed record Rule(string Name, string Expression, string For, string Severity, IReadOnlyDictionary<string, string> Annotations);

/// <summary>A query of a panel.</summary>
internal sealed record PanelQuery(string Dashboard, string Panel, string Expression);

/// <summary>The rules, dashboards, runbooks and the reference of metric names, as they are checked in.</summary>
internal static class MonitoringFiles
{
    public static string Rules { get; } = RepositoryRoot.Combine("deploy", "prometheus");
    public static string Runbooks { get; } = RepositoryRoot.Combine("docs", "runbooks");

    public static IReadOnlyList<Rule> Alerts { get; } = Read("aiinfra-alerts.yaml", "alert");
    public static IReadOnlyList<Rule> Records { get; } = Read("aiinfra-records.yaml", "record");

    public static IReadOnlyList<(string Name, JsonElement Json)> Dashboards { get; } =
    [
        .. Directory.EnumerateFiles(RepositoryRoot.Combine("deploy", "grafana"), "*.json")
            .Where(file => !file.EndsWith(".schema.json", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(file => (Path.GetFileNameWithoutExtension(file), JsonDocument.Parse(File.ReadAllText(file)).RootElement)),
    ];

    public static IEnumerable<PanelQuery> Queries =>
        from dashboard in Dashboards
        from panel in dashboard.Json.GetProperty("panels").EnumerateArray()
        where panel.TryGetProperty("targets", out _)
        from target in panel.GetProperty("targets").EnumerateArray()
        select new PanelQuery(dashboard.Name, panel.GetProperty("title").GetString()!, target.GetProperty("expr").GetString()!);

    /// <summary>Metric name to the profile that has it (of <c>docs/metrics.md</c>, which is generated); <c>always</c> for the agent's own.</summary>
    public static IReadOnlyDictionary<string, string> Emitted { get; } = ReadReference();

    private static List<Rule> Read(string file, string kind)
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(Path.Combine(Rules, file));
        yaml.Load(reader);
        var groups = (YamlSequenceNode)yaml.Documents[0].RootNode["groups"];
        return
        [
            .. groups.SelectMany(group => (YamlSequenceNode)group["rules"]).Cast<YamlMappingNode>().Select(rule => new Rule(
                Text(rule, kind), Text(rule, "expr"), Text(rule, "for"), rule.Children.TryGetValue("labels", out var labels) ? labels["severity"].ToString() : "",
                rule.Children.TryGetValue("annotations", out var notes)
                    ? ((YamlMappingNode)notes).Children.ToDictionary(note => note.Key.ToString(), note => note.Value.ToString())
                    : [])),
        ];
    }

    private static string Text(YamlMappingNode rule, string key) => rule.Children.TryGetValue(key, out var value) ? value.ToString() : "";

    private static Dictionary<string, string> ReadReference()
    {
        var (names, profile) = (new Dictionary<string, string>(), "");
        foreach (var line in File.ReadLines(RepositoryRoot.Combine("docs", "metrics.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                profile = line == "## The agent's own" ? "always" : line.StartsWith("## Profile `", StringComparison.Ordinal) ? line.Split('`')[1] : "";
            else if (profile != "" && line.StartsWith("| `", StringComparison.Ordinal))
                names.TryAdd(line.Split('`')[1], profile);
        }
        return names;
    }
}
