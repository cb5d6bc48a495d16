using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Monitoring;

/// <summary>The dashboards against what can be known of Grafana without one.</summary>
public sealed class DashboardTests
{
    public static TheoryData<string> Names => [.. MonitoringFiles.Dashboards.Select(dashboard => dashboard.Name)];

    [Theory, MemberData(nameof(Names))]
    public void It_uses_only_what_the_schema_knows(string name)
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(RepositoryRoot.Combine("deploy", "grafana", "dashboard.schema.json")));

        Assert.Empty(new JsonShape(schema.RootElement).Faults(Dashboard(name)));
    }

    [Theory]
    [InlineData("""{ "schemaVersion": 39 }""", "$ has no uid")]
    [InlineData("""{ "schemaVersion": 16, "uid": "aiinfra-x" }""", "$.schemaVersion is 16, not 39")]
    [InlineData("""{ "uid": "x" }""", "$.uid is x, which ^aiinfra-[a-z-]+$ does not match")]
    [InlineData("""{ "rows": [] }""", "$ has rows, which the schema does not know")]
    [InlineData("""{ "panels": [ { "id": 0, "type": "graph", "title": "t", "gridPos": { "h": 1, "w": 1, "x": 0, "y": 0 } } ] }""", "$.panels[0].id is 0, less than 1")]
    public void What_does_not_fit_the_schema_is_found(string dashboard, string fault)
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(RepositoryRoot.Combine("deploy", "grafana", "dashboard.schema.json")));
        using var document = JsonDocument.Parse(dashboard);

        Assert.Contains(fault, new JsonShape(schema.RootElement).Faults(document.RootElement));
    }

    [Theory, MemberData(nameof(Names))]
    public void Panels_have_ids_of_their_own_and_do_not_overlap(string name)
    {
        var panels = Dashboard(name).GetProperty("panels").EnumerateArray().ToList();
        var taken = new Dictionary<(int X, int Y), string>();

        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        foreach (var panel in panels)
        {
            var (place, title) = (panel.GetProperty("gridPos"), panel.GetProperty("title").GetString()!);
            var (x, y, width, height) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32(), place.GetProperty("w").GetInt32(), place.GetProperty("h").GetInt32());
            Assert.True(x + width <= 24, $"{title} is wider than the page");
            for (var cell = 0; cell < width * height; cell++)
                Assert.True(taken.TryAdd((x + cell % width, y + cell / width), title), $"{title} covers {taken[(x + cell % width, y + cell / width)]}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Each_panel_says_what_it_shows_and_asks_by_the_variables(string name)
    {
        Assert.All(Dashboard(name).GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row"), panel =>
        {
            Assert.False(string.IsNullOrWhiteSpace(panel.GetProperty("description").GetString()), panel.GetProperty("title").GetString());
            Assert.NotEmpty(panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString()!);
            Assert.All(panel.GetProperty("targets").EnumerateArray(), target => Assert.Contains("node=~\"$node\"", target.GetProperty("expr").GetString(), StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Each_has_a_uid_of_its_own_and_all_five_variables()
    {
        Assert.Equal(["aiinfra-device", "aiinfra-fleet", "aiinfra-node"], MonitoringFiles.Dashboards.Select(dashboard => dashboard.Json.GetProperty("uid").GetString()));
        Assert.All(MonitoringFiles.Dashboards, dashboard => Assert.Equal(
            ["datasource", "cluster", "node", "vendor", "device"],
            dashboard.Json.GetProperty("templating").GetProperty("list").EnumerateArray().Select(variable => variable.GetProperty("name").GetString())));
    }

    [Fact]
    public void Each_query_reads_what_the_agent_emits_or_what_is_named_here() =>
        Assert.Empty(MonitoringFiles.Queries.SelectMany(query => PromQl.Families(query.Expression)
            .Where(family => InputFamilies.Origin(family) is null)
            .Select(family => $"{query.Dashboard}, {query.Panel}: {family}")));

    private static JsonElement Dashboard(string name) => MonitoringFiles.Dashboards.Single(dashboard => dashboard.Name == name).Json;
}
