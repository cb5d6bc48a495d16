using System.Text;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Monitoring;

/// <summary>The rules and the dashboards' queries, read and run by Prometheus' own tool.</summary>
public sealed class PromToolRulesTests
{
    private static readonly string Rules = RepositoryRoot.Combine("deploy", "prometheus");

    [Fact]
    public async Task The_rules_are_well_formed()
    {
        var (exitCode, output) = await PromToolAsync("check", "rules", Path.Combine(Rules, "aiinfra-records.yaml"), Path.Combine(Rules, "aiinfra-alerts.yaml"));

        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [InlineData("aiinfra-alerts-devices.test.yaml")]
    [InlineData("aiinfra-alerts-readings.test.yaml")]
    [InlineData("aiinfra-records.test.yaml")]
    public async Task They_do_what_their_tests_say(string file)
    {
        var (exitCode, output) = await PromToolAsync("test", "rules", Path.Combine(Rules, "tests", file));

        Assert.True(exitCode == 0, output);
    }

    /// <summary>A test that cannot fail proves nothing: when the last of five minutes is the last of 30 s, the tests of a gap must see it.</summary>
    [Fact]
    public async Task Their_tests_fail_when_the_rules_forget_gaps()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-test-");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "tests"));
            var alerts = await File.ReadAllTextAsync(Path.Combine(Rules, "aiinfra-alerts.yaml"), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "aiinfra-alerts.yaml"), alerts.Replace("[5m]", "[30s]", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            File.Copy(Path.Combine(Rules, "aiinfra-records.yaml"), Path.Combine(folder.FullName, "aiinfra-records.yaml"));
            File.Copy(Path.Combine(Rules, "tests", "aiinfra-alerts-devices.test.yaml"), Path.Combine(folder.FullName, "tests", "aiinfra-alerts-devices.test.yaml"));

            var (exitCode, output) = await PromToolAsync("test", "rules", Path.Combine(folder.FullName, "tests", "aiinfra-alerts-devices.test.yaml"));

            Assert.NotEqual(0, exitCode);
            foreach (var alert in new[] { "AcceleratorXidFatal", "AcceleratorXidApplication", "AcceleratorProblem", "AcceleratorRecoveryActionNeeded", "AcceleratorActionPending" })
                Assert.Contains(alert, output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Prometheus 2 has no command that parses a query; a recording rule of it does the same.</summary>
    [Fact]
    public async Task Every_query_of_the_dashboards_parses()
    {
        var queries = Directory.EnumerateFiles(RepositoryRoot.Combine("deploy", "grafana"), "*.json").Where(file => !file.EndsWith(".schema.json", StringComparison.Ordinal)).SelectMany(Queries).ToList();
        var rules = new StringBuilder("groups:\n- name: queries\n  rules:\n");
        foreach (var (place, query) in queries.Index())
            rules.Append($"  - record: query:{place}\n    expr: '{query.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'\n");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, rules.ToString(), TestContext.Current.CancellationToken);

            var (exitCode, output) = await PromToolAsync("check", "rules", file);

            Assert.True(exitCode == 0, output);
            Assert.Contains($"{queries.Count} rules found", output, StringComparison.Ordinal);
            Assert.True(queries.Count > 70, "the queries were not found");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_operators_form_holds_the_same_rules_and_dashboards()
    {
        await using var tools = PeerProcess.Start(RepositoryRoot.Combine("build", "kube-tools.sh"), ["helm"]);
        var helm = await tools.WaitForLineAsync("/", TestContext.Current.CancellationToken);
        await using var chart = PeerProcess.Start("/" + helm, ["template", "aiinfra", RepositoryRoot.Combine("deploy", "helm", "aiinfra"), "--show-only", "templates/monitoring.yaml",
            "--set", "prometheusRule.enabled=true,prometheusRule.runbooks=https://git.example.org/,dashboards.enabled=true"]);
        Assert.True(await chart.WaitForExitAsync(TestContext.Current.CancellationToken) == 0, chart.Transcript);

        var documents = string.Join('\n', chart.Transcript.Split('\n').Where(line => !line.StartsWith("stderr: ", StringComparison.Ordinal))).Split("\n---\n");
        var (written, dashboards) = (documents.Single(text => text.Contains("kind: PrometheusRule", StringComparison.Ordinal)), documents.Single(text => text.Contains("kind: ConfigMap", StringComparison.Ordinal)));
        var groups = written[(written.IndexOf("  groups:\n", StringComparison.Ordinal) + 2)..].Replace("\n  ", "\n", StringComparison.Ordinal);
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, groups, TestContext.Current.CancellationToken);
            var (exitCode, output) = await PromToolAsync("check", "rules", file);
            Assert.True(exitCode == 0, output);
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Contains("runbook_url: https://git.example.org/docs/runbooks/AcceleratorAgentDown.md", written, StringComparison.Ordinal);
        Assert.All(new[] { "fleet", "node", "device" }, name => Assert.Contains($"  aiinfra-{name}.json: |\n    {{\n", dashboards, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Queries(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        return
        [
            .. json.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _))
                .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!),
        ];
    }

    private static async Task<(int ExitCode, string Output)> PromToolAsync(params string[] arguments)
    {
        var isThere = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "promtool")));
        Assert.SkipWhen(!isThere, "promtool is not on the PATH: make test fetches it, or install Debian's package prometheus.");
        await using var tool = PeerProcess.Start("promtool", arguments);
        return (await tool.WaitForExitAsync(TestContext.Current.CancellationToken), tool.Transcript);
    }
}
