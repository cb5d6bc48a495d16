using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>Two simulated nodes under a real Prometheus with our rules, through a timeline of faults. Prometheus' clock cannot be turned, so the rules'
/// durations are made 30 times as short.</summary>
public sealed partial class FaultTimelineTests
{
    private const int Haste = 30;

    /// <summary>Queries that find nothing on these nodes, and why.</summary>
    private static readonly Dictionary<string, string> Empty = new()
    {
        ["node_infiniband_"] = "simulated nodes have no InfiniBand, and no node_exporter runs beside them",
    };

    private static readonly (string Alert, string Node)[] Expected =
    [
        ("AcceleratorThermalSlowdown", "gpu-01"), // gpu 2: throttle 0x40
        ("AcceleratorTooHot", "gpu-01"), // gpu 2: 89 degrees, where it slows itself down
        ("AcceleratorHot", "gpu-01"),
        ("AcceleratorXidFatal", "gpu-01"), // gpu 3: xid 48
        ("AcceleratorUnhealthy", "gpu-01"),
        ("AcceleratorUncorrectableEcc", "gpu-01"),
        ("AcceleratorRecoveryActionNeeded", "gpu-01"),
        ("AcceleratorProblem", "gpu-01"), // nvidia.ecc-uncorrected
        ("AcceleratorLinkErrors", "gpu-01"), // gpu 6: replays on an NVLink
        ("AcceleratorXidApplication", "gpu-02"), // gpu 1: xid 31
        ("AcceleratorAgentDown", "gpu-02"), // killed at the end
    ];

    [Fact]
    public async Task The_expected_alerts_fire_and_no_other_and_no_query_of_a_dashboard_is_empty()
    {
        using var folder = new TestFolder();
        await using var one = await StartAsync("dgx-h100", "gpu-01");
        await using var two = await StartAsync("l4", "gpu-02");
        var ids = await DevicesAsync(one);
        await one.Kubelet.SendLineAsync($$"""{"pods":[{{Pod("vision", "train-0", ids[..4])}},{{Pod("speech", "notebook-1", ids[4..6])}}]}""");
        await one.WaitForMetricsAsync(page => page.Contains("aiinfra_pod_device_energy_joules_total{", StringComparison.Ordinal) && page.Contains("hw_gpu_sm_active_ratio{", StringComparison.Ordinal));
        await two.WaitForMetricsAsync(page => page.Contains("hw_power_watts{", StringComparison.Ordinal));
        var port = AgentProgram.FreePort();
        var rules = new[] { "aiinfra-records.yaml", "aiinfra-alerts.yaml" }.Select(file =>
            folder.Write(file, Hurry(File.ReadAllText(RepositoryRoot.Combine("deploy", "prometheus", file)))));
        var config = folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: [{{string.Join(", ", rules)}}]
            scrape_configs:
              - job_name: aiinfra-agent
                honor_labels: true
                static_configs:
                  - { targets: ["127.0.0.1:{{one.Port}}"], labels: { cluster: test, node: gpu-01 } }
                  - { targets: ["127.0.0.1:{{two.Port}}"], labels: { cluster: test, node: gpu-02 } }
            """);
        await using var prometheus = PeerProcess.Start("prometheus", [
            $"--config.file={config}", $"--storage.tsdb.path={folder.Combine("data")}", $"--web.listen-address=127.0.0.1:{port}", "--query.lookback-delta=10s"]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.AsyncTrue(async () => await CountAsync(http, "count_over_time(up{node=\"gpu-01\"}[1m]) > 20") > 0, () => prometheus.Transcript, TimeSpan.FromMinutes(1));
        Assert.Empty(await FiredAsync(http)); // a healthy node is silent

        await one.InjectAsync("gpu 2 temperature 89");
        await one.InjectAsync("gpu 2 throttle 0x40");
        await one.InjectAsync("gpu 3 xid 48");
        await one.InjectAsync("gpu 6 link 3 replay 12");
        await two.InjectAsync("gpu 1 xid 31");
        var living = Expected.Where(alert => alert.Alert != "AcceleratorAgentDown").ToList();
        await Eventually.AsyncTrue(async () => living.All((await FiredAsync(http)).Contains),
            () => $"missing: {string.Join(", ", living.Except(FiredAsync(http).Result))}\n{prometheus.Transcript}\n{one.Node.Transcript}", TimeSpan.FromMinutes(2));

        Assert.Empty(await EmptyQueriesAsync(http));
        await CheckAnnotationsAsync(http);
        two.Node.Kill();
        await Eventually.AsyncTrue(async () => (await FiredAsync(http)).Contains(Expected[^1]), () => prometheus.Transcript, TimeSpan.FromMinutes(1));
        // What waits for an action for an hour, here two minutes, is not waited for; on a slow machine it comes.
        Assert.Equal(Expected.Order(), (await FiredAsync(http)).Where(alert => alert.Alert != "AcceleratorActionPending").Order());
    }

    private static Task<SimulatedNodeRun> StartAsync(string model, string name) => SimulatedNodeRun.StartAsync($"node {model}\n", settings:
        [("AIINFRA_NODE__NAME", name), ("AIINFRA_METRICS__PROFILE", "dcgm,neutral"), ("AIINFRA_VENDORS__NVIDIA__SAMPLEINTERVAL", "1s")]);

    private static async Task<List<string>> DevicesAsync(SimulatedNodeRun run)
    {
        await run.WaitForListAsync("nvidia.com/gpu", list => list.Count > 0);
        return [.. (await run.AskAsync("devices")).EnumerateArray().Select(device => device.GetProperty("id").GetString()!)];
    }

    private static string Pod(string space, string name, List<string> ids) =>
        $$"""{"namespace":"{{space}}","name":"{{name}}","containers":[{"name":"main","devices":[{"resource":"nvidia.com/gpu","ids":[{{string.Join(',', ids.Select(id => $"\"{id}\""))}}]}]}]}""";

    /// <summary>Durations of <c>for</c>, of intervals and of ranges, and nothing else.</summary>
    private static string Hurry(string rules) => Durations().Replace(rules, match =>
    {
        var seconds = int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * match.Groups["unit"].Value switch { "s" => 1, "m" => 60, "h" => 3600, _ => 86400 };
        return $"{match.Groups["before"].Value}{Math.Max(2000, seconds * 1000 / Haste)}ms";
    });

    private static async Task<List<(string Alert, string Node)>> FiredAsync(HttpClient http) =>
    [
        .. (await QueryAsync(http, "count by (alertname, node) (max_over_time(ALERTS{alertstate=\"firing\"}[5m]))"))
            .Select(series => (series.GetProperty("metric").GetProperty("alertname").GetString()!, series.GetProperty("metric").GetProperty("node").GetString()!)),
    ];

    private static async Task<List<string>> EmptyQueriesAsync(HttpClient http)
    {
        var empty = new List<string>();
        foreach (var file in Directory.EnumerateFiles(RepositoryRoot.Combine("deploy", "grafana"), "*.json").Where(file => !file.EndsWith(".schema.json", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
            foreach (var panel in json.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _)))
            {
                foreach (var query in panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("expr").GetString()!))
                {
                    var filled = Variables().Replace(query.Replace("$__rate_interval", "10s", StringComparison.Ordinal), ".*");
                    if (Empty.Keys.All(part => !query.Contains(part, StringComparison.Ordinal)) && (await QueryAsync(http, filled)).Count == 0)
                        empty.Add($"{Path.GetFileName(file)}, {panel.GetProperty("title")}: {filled}");
                }
            }
        }
        return empty;
    }

    private static async Task CheckAnnotationsAsync(HttpClient http)
    {
        using var json = JsonDocument.Parse(await http.GetStringAsync("/api/v1/alerts", TestContext.Current.CancellationToken));
        var alerts = json.RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray().ToList();
        Assert.NotEmpty(alerts);
        Assert.All(alerts.SelectMany(alert => alert.GetProperty("annotations").EnumerateObject()), note =>
        {
            Assert.DoesNotContain("<error", note.Value.GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain("no value", note.Value.GetString(), StringComparison.Ordinal);
            Assert.DoesNotMatch(@"  |\(\)| $", note.Value.GetString()!); // a label that the alert does not have leaves a hole
        });
    }

    private static async Task<int> CountAsync(HttpClient http, string query) => (await QueryAsync(http, query)).Count;

    private static async Task<List<JsonElement>> QueryAsync(HttpClient http, string query)
    {
        try
        {
            using var form = new FormUrlEncodedContent([new("query", query)]);
            using var answer = await http.PostAsync("/api/v1/query", form, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            using var json = JsonDocument.Parse(text);
            Assert.True(json.RootElement.GetProperty("status").GetString() == "success", $"{query}: {text}");
            return [.. json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.Clone())];
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException)
        {
            return []; // not up yet
        }
    }

    [GeneratedRegex(@"(?<before>\bfor: |\binterval: |\[)(?<number>\d+)(?<unit>[smhd])\b")]
    private static partial Regex Durations();
    [GeneratedRegex(@"\$(cluster|node|vendor|device)\b")]
    private static partial Regex Variables();
}
