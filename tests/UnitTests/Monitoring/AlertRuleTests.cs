using System.Text;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Monitoring;

/// <summary>What belongs together: each alert, its page, its tests and the metrics it reads. Whether they fire is for promtool to say.</summary>
public sealed class AlertRuleTests
{
    private static readonly string Document = RepositoryRoot.Combine("docs", "dashboards-and-alerts.md");
    private const string Begin = "<!-- table of alerts: generated, a test compares -->\n", End = "<!-- end of the table -->\n";

    [Fact]
    public void Each_has_a_runbook_page_and_each_page_an_alert() =>
        Assert.Equal(
            MonitoringFiles.Alerts.Select(alert => $"docs/runbooks/{alert.Name}.md").Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(MonitoringFiles.Runbooks).Select(file => $"docs/runbooks/{Path.GetFileName(file)}").Order(StringComparer.Ordinal));

    [Fact]
    public void Each_page_says_what_it_means_what_to_look_at_what_the_agent_does_and_when_to_ignore_it() =>
        Assert.All(MonitoringFiles.Alerts, alert =>
        {
            var page = File.ReadAllText(Path.Combine(MonitoringFiles.Runbooks, $"{alert.Name}.md"));
            Assert.StartsWith($"# {alert.Name}\n", page, StringComparison.Ordinal);
            Assert.All(alert.Expression.TrimEnd('\n').Split('\n'), line => Assert.Contains($"    {line}\n", page, StringComparison.Ordinal));
            Assert.Contains(alert.For == "" ? "Fires at once of:" : $"Fires after {alert.For} of:", page, StringComparison.Ordinal);
            foreach (var part in new[] { "What it means", "What to look at", "What the agent does itself", "When to ignore it" })
                Assert.Matches($@"## {part}\n\n\S| {{4}}", page);
        });

    [Fact]
    public void Each_is_annotated_and_of_a_known_severity() =>
        Assert.All(MonitoringFiles.Alerts, alert =>
        {
            Assert.Equal(["description", "runbook_url", "summary"], alert.Annotations.Keys.Order(StringComparer.Ordinal));
            Assert.Equal($"docs/runbooks/{alert.Name}.md", alert.Annotations["runbook_url"]);
            Assert.Contains(alert.Severity, new[] { "critical", "warning", "info" });
        });

    [Fact]
    public void Each_is_tested_with_a_fault_a_near_miss_and_a_gap()
    {
        var blocks = Directory.EnumerateFiles(Path.Combine(MonitoringFiles.Rules, "tests"), "aiinfra-alerts-*.test.yaml")
            .SelectMany(file => File.ReadAllText(file).Split("  - name: ")[1..])
            .ToDictionary(block => block[..block.IndexOf('\n', StringComparison.Ordinal)]);

        Assert.Equal(MonitoringFiles.Alerts.Select(alert => alert.Name).Order(StringComparer.Ordinal), blocks.Keys.Order(StringComparer.Ordinal));
        Assert.All(blocks, block =>
        {
            Assert.Contains($"alertname=\"{block.Key}\"", block.Value, StringComparison.Ordinal);
            Assert.Contains("near", block.Value, StringComparison.Ordinal);
            Assert.Matches("(instance|node)=\"fires\"\\}'\n *value: 1\n *- labels: '\\{(instance|node)=\"gap\"\\}'", block.Value);
            Assert.Matches("'[^']*(stale|_x)[^']*'", block.Value);
        });
    }

    [Fact]
    public void Each_reads_what_the_agent_emits_or_what_is_named_here() =>
        Assert.Empty(MonitoringFiles.Alerts.Concat(MonitoringFiles.Records).SelectMany(rule => PromQl.Families(rule.Expression)
            .Where(family => InputFamilies.Origin(family) is null)
            .Select(family => $"{rule.Name}: {family}")));

    [Fact]
    public void The_document_lists_them_with_what_they_read()
    {
        var text = File.ReadAllText(Document);
        var (start, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        var table = Table();

        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(Document, text[..start] + table + text[end..]);
        else
            Assert.Equal(table, text[start..end]);
    }

    [Theory]
    [InlineData("last_over_time(a_total{x=\"b{c}\"}[5m]) > on (cluster, hw_id) group_left () max by (c) (d:e:count) - 3", "a_total d:e:count")]
    [InlineData("up{job=\"x\"} == 0 or vector(0) unless on (node) label_replace(f, \"a\", \"$1\", \"b\", \"(.*)\")", "up f")]
    public void Metric_names_are_told_from_the_rest_of_an_expression(string expression, string families) =>
        Assert.Equal(families.Split(' '), PromQl.Families(expression));

    private static string Table()
    {
        var table = new StringBuilder("\n| alert | severity | after | reads | shown with |\n|---|---|---|---|---|\n");
        foreach (var alert in MonitoringFiles.Alerts)
        {
            var families = PromQl.Families(alert.Expression);
            table.Append($"| [{alert.Name}](runbooks/{alert.Name}.md) | {alert.Severity} | {(alert.For == "" ? "at once" : alert.For)} | {string.Join(", ", families.Select(name => $"`{name}`"))} | {string.Join(", ", families.Select(InputFamilies.Origin).Distinct())} |\n");
        }
        return table.Append('\n').ToString();
    }
}
