using System.Text.Json;
using System.Text.RegularExpressions;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The page of a running agent through the programs that read it: promtool and Debian's Prometheus.</summary>
public sealed class MetricsPageTests
{
    [Fact]
    public async Task A_model_name_with_quotes_and_newlines_gives_a_page_that_promtool_parses()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\ngpu 1 name \"L4 \\\"quoted\\\" \\n second line\"\n");
        var page = await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"1\"", StringComparison.Ordinal));

        Assert.Contains("""modelName="L4 \"quoted\" \n second line (simulated)""", page, StringComparison.Ordinal);
        await using var promtool = PeerProcess.Start("promtool", ["check", "metrics"]);
        await promtool.SendLineAsync(page.TrimEnd('\n'));
        promtool.CloseInput();
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("error while linting", promtool.Transcript, StringComparison.Ordinal);
        Assert.DoesNotContain("aiinfra_agent", promtool.Transcript, StringComparison.Ordinal); // our own names are clean
    }

    [Fact]
    public async Task A_value_that_changes_is_on_the_page_within_an_interval_under_every_name()
    {
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\n", settings:
            [("AIINFRA_METRICS__PROFILE", "dcgm,dcgm-4.9,native,neutral"), ("AIINFRA_VENDORS__NVIDIA__SAMPLEINTERVAL", "2s")]);
        await run.WaitForMetricsAsync(text => text.Contains("hw_temperature_celsius{", StringComparison.Ordinal));

        await run.InjectAsync("gpu 3 temperature 91");
        var changed = System.Diagnostics.Stopwatch.StartNew();
        var page = await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"3\"", StringComparison.Ordinal) && Regex.IsMatch(text, "DCGM_FI_DEV_GPU_TEMP\\{gpu=\"3\".* 91\n"));

        Assert.True(changed.Elapsed < TimeSpan.FromSeconds(3), $"{changed.Elapsed}"); // an interval, and what a busy machine needs
        Assert.Matches("DCGM_FI_DEV_GPU_TEMP_CELSIUS\\{gpu=\"3\".* 91\n", page);
        Assert.Matches("nvidia_smi_temperature_gpu\\{.*\\} 91\n", page);
        Assert.Matches("hw_temperature_celsius\\{.*index=\"3\",hw_sensor_location=\"gpu\"\\} 91\n", page);
    }

    [Fact]
    public async Task A_CSV_file_of_dcgm_exporter_chooses_what_is_shown_and_a_broken_one_stops_the_start_by_line()
    {
        using var folder = new TestFolder();
        var csv = folder.Write("counters.csv", "# mine\nDCGM_FI_DEV_GPU_TEMP, gauge, Warm.\nDCGM_FI_DEV_NEWER_THAN_US, gauge, x\n");
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", settings: [("AIINFRA_METRICS__DCGMCSV", csv)]);

        var page = await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{", StringComparison.Ordinal));
        var (status, output) = await AgentProgram.RunAsync("check-config", folder.Write("agent.yaml", $"metrics: {{ dcgmCsv: {folder.Write("broken.csv", "DCGM_FI_DEV_GPU_TEMP gauge\n")} }}\n"));

        Assert.Equal(["DCGM_FI_DEV_GPU_TEMP"], Regex.Matches(page, "# TYPE (DCGM_\\S+)").Select(match => match.Groups[1].Value));
        Assert.Contains("counters.csv:3: DCGM_FI_DEV_NEWER_THAN_US is not known here and is left out.", run.Node.Transcript, StringComparison.Ordinal);
        Assert.Equal(78, status);
        Assert.Contains("broken.csv:1:1: a row has three columns", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prometheus_scrapes_for_a_minute_without_a_failed_scrape()
    {
        using var folder = new TestFolder();
        await using var run = await SimulatedNodeRun.StartAsync("node dgx-h100\nat 20s gpu 3 xid 48\nat 30s gpu 4 hang\nat 40s segv\n");
        await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"7\"", StringComparison.Ordinal));
        var (port, config) = (AgentProgram.FreePort(), folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: agent
                static_configs: [ { targets: ["127.0.0.1:{{run.Port}}"] } ]
            """));
        await using var prometheus = PeerProcess.Start("prometheus", [
            $"--config.file={config}", $"--storage.tsdb.path={folder.Combine("data")}", $"--web.listen-address=127.0.0.1:{port}"]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        await Eventually.AsyncTrue(async () => await QueryAsync(http, "count_over_time(up[2m])") >= 60, () => prometheus.Transcript, patience: TimeSpan.FromMinutes(3));

        Assert.Equal(1, await QueryAsync(http, "min_over_time(up[2m])"));
        Assert.Equal(7, await QueryAsync(http, "count(DCGM_FI_DEV_GPU_TEMP)")); // the hung one has no reading
        Assert.Equal(6, await QueryAsync(http, "sum(aiinfra_agent_device_healthy)"));
        Assert.Equal(48, await QueryAsync(http, "max(max_over_time(DCGM_FI_DEV_XID_ERRORS[3m]))"));
    }

    private static async Task<double> QueryAsync(HttpClient http, string query)
    {
        try
        {
            using var json = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}", TestContext.Current.CancellationToken));
            var result = json.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 0 ? double.NaN : double.Parse(result[0].GetProperty("value")[1].GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return double.NaN; // not up yet
        }
    }
}
