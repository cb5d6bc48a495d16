using AIInfra.Core.Metrics;

namespace AIInfra.UnitTests.Metrics;

public sealed class MetricsReferenceTests
{
    [Fact]
    public void It_names_every_metric_of_the_agent_and_of_the_given_profiles()
    {
        var page = MetricsReference.Write([PageFixture.Legacy, PageFixture.Base], [PageFixture.Fields]);

        Assert.All(AgentMetric.All, metric => Assert.Contains($"| `{metric.Name}` |", page, StringComparison.Ordinal));
        Assert.Contains("## Profile `legacy`\n", page, StringComparison.Ordinal);
        Assert.Contains("| `acme_energy` | counter |  |  | acme: `energy_joules_total`,  |  | Energy in millijoules. |\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_metric_that_the_page_can_show_of_the_agent_is_listed_once()
    {
        Assert.Equal(AgentMetric.All.Length, AgentMetric.All.Select(metric => metric.Name).Distinct().Count());
        Assert.Equal(
            typeof(AgentMetric).GetProperties().Count(property => property.PropertyType == typeof(AgentMetric)), AgentMetric.All.Length);
    }

    [Fact]
    public void A_row_stays_one_row_whatever_its_help_says()
    {
        var page = MetricsReference.Write([PageFixture.Base], [PageFixture.Fields]);

        Assert.All(page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)), line => Assert.EndsWith(" |", line, StringComparison.Ordinal));
        Assert.Contains("Share of the last second. With", page, StringComparison.Ordinal);
    }
}
