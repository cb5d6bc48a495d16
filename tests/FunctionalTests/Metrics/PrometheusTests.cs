using System.Globalization;
using System.Text.Json;
using AIInfra.FunctionalTests.Grpc;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Metrics;

/// <summary>Debian's Prometheus reads the same snapshot in each format, and must have the same series in the end.</summary>
public sealed class PrometheusTests
{
    private const string Text = "text/plain;version=0.0.4", OpenMetrics = "application/openmetrics-text;version=1.0.0";

    [Fact]
    public async Task Text_OpenMetrics_and_protobuf_give_equal_values()
    {
        var prometheus = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(part => Path.Combine(part, "prometheus")).FirstOrDefault(File.Exists);
        Assert.SkipWhen(prometheus is null, "prometheus is not on the PATH: make test fetches it, or install Debian's package prometheus.");
        var seen = new List<string>();
        string[] profiles = ["native", "neutral"];
        await using var text = await ScrapeHost.StartAsync(profiles, devices: 4, request => request.Headers.Accept = Text);
        await using var openMetrics = await ScrapeHost.StartAsync(profiles, devices: 4, request => request.Headers.Accept = OpenMetrics);
        await using var protobuf = await ScrapeHost.StartAsync(profiles, devices: 4, request =>
        {
            lock (seen)
                seen.Add(request.Headers.Accept.ToString()); // as Prometheus sends it
        });
        await using var folder = new TemporaryFolder();
        var (port, config) = (ScrapeHost.FreePort(), folder.File("prometheus.yml"));
        await File.WriteAllTextAsync(config, $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: text
                static_configs: [ { targets: ["127.0.0.1:{{text.Port}}"] } ]
              - job_name: openmetrics
                static_configs: [ { targets: ["127.0.0.1:{{openMetrics.Port}}"] } ]
              - job_name: protobuf
                static_configs: [ { targets: ["127.0.0.1:{{protobuf.Port}}"] } ]
            """, TestContext.Current.CancellationToken);
        await using var process = PeerProcess.Start(prometheus!, [
            $"--config.file={config}", $"--storage.tsdb.path={folder.File("data")}", $"--web.listen-address=127.0.0.1:{port}", "--enable-feature=native-histograms"]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        await UntilAsync(async () => (await SeriesAsync(http, "sum by (job) (up)")).Count(series => series.Value == 1) == 3, process);

        var ofText = await SeriesAsync(http, "{job=\"text\",__name__=~\"hw_.*|nvidia_smi_.*\"}");
        Assert.True(ofText.Count > 300, $"{ofText.Count} series");
        Assert.Equal(ofText, await SeriesAsync(http, "{job=\"openmetrics\",__name__=~\"hw_.*|nvidia_smi_.*\"}"));
        Assert.Equal(ofText, await SeriesAsync(http, "{job=\"protobuf\",__name__=~\"hw_.*|nvidia_smi_.*\"}"));
        Assert.Contains(ofText.Keys, key => key.Contains("a \"hostile\" \\ name\nwith lines, } and \ufffd", StringComparison.Ordinal));
        Assert.All(seen, accept => Assert.StartsWith("application/vnd.google.protobuf", accept, StringComparison.Ordinal));
    }

    /// <summary>By name and labels, those of the target left out.</summary>
    private static async Task<SortedDictionary<string, double>> SeriesAsync(HttpClient http, string query)
    {
        using var json = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}", TestContext.Current.CancellationToken));
        return new SortedDictionary<string, double>(json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToDictionary(
            series => string.Join('|', series.GetProperty("metric").EnumerateObject().Where(label => query.StartsWith("sum", StringComparison.Ordinal) || label.Name is not ("job" or "instance"))
                .OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name}={label.Value.GetString()}")),
            series => double.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)), StringComparer.Ordinal);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, PeerProcess process)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                if (await condition())
                    return;
            }
            catch (HttpRequestException)
            {
                // not up yet
            }
            Assert.False(deadline.IsCancellationRequested, process.Transcript);
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}
