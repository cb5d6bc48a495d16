using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>A running agent that sends by OTLP, to a receiver of grpc-js and protobufjs.</summary>
public sealed class OtlpTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c", Caller = "b7ad6b7169203331";

    [Theory]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Metrics_and_traces_arrive_with_the_attributes_that_the_environment_asks_for(string protocol)
    {
        await using var receiver = PeerProcess.Node("otlp.mjs");
        var ports = JsonDocument.Parse(await receiver.WaitForLineAsync("", TestContext.Current.CancellationToken)).RootElement;
        var endpoint = $"http://127.0.0.1:{ports.GetProperty(protocol == "grpc" ? "grpc" : "http").GetInt32()}";
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", settings:
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test"), ("OTEL_METRIC_EXPORT_INTERVAL", "500"), ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ]);
        await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"0\"", StringComparison.Ordinal));

        var metrics = await WaitAsync(receiver, run, "metrics", one => Names(one).Contains("hw.temperature"));
        Assert.Equal("blue", metrics.GetProperty("headers").GetProperty("x-tenant").GetString());
        Assert.Equal("aiinfra-agent", metrics.GetProperty("resource").GetProperty("service.name").GetString());
        Assert.Equal("test", metrics.GetProperty("resource").GetProperty("deployment.environment").GetString());
        var temperature = metrics.GetProperty("metrics").EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == "hw.temperature");
        Assert.Equal("Cel", temperature.GetProperty("unit").GetString());
        var point = temperature.GetProperty("points")[0];
        Assert.InRange(point.GetProperty("value").GetDouble(), 10, 110);
        Assert.Equal("gpu", point.GetProperty("attributes").GetProperty("hw.type").GetString());
        Assert.StartsWith("GPU-", point.GetProperty("attributes").GetProperty("hw.id").GetString(), StringComparison.Ordinal);
        var energy = metrics.GetProperty("metrics").EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == "hw.energy");
        Assert.Equal("J", energy.GetProperty("unit").GetString());
        Assert.True(energy.GetProperty("monotonic").GetBoolean());
        Assert.Equal(2, energy.GetProperty("temporality").GetInt32());
        var status = metrics.GetProperty("metrics").EnumerateArray().Single(metric => metric.GetProperty("name").GetString() == "hw.status");
        Assert.Equal(3 * temperature.GetProperty("points").EnumerateArray().Count(one => one.GetProperty("attributes").GetProperty("hw.sensor_location").GetString() == "gpu"),
            status.GetProperty("points").GetArrayLength());

        using var http = new HttpClient();
        http.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-{Caller}-01");
        await http.GetStringAsync($"http://127.0.0.1:{run.Port}/metrics", TestContext.Current.CancellationToken);
        var spans = await WaitAsync(receiver, run, "spans", one => Spans(one).Any(span => span.GetProperty("trace").GetString() == Trace));
        var scrape = Spans(spans).Single(span => span.GetProperty("trace").GetString() == Trace);
        Assert.Equal("GET /metrics", scrape.GetProperty("name").GetString());
        Assert.Equal(Caller, scrape.GetProperty("parent").GetString());
        Assert.Equal(2, scrape.GetProperty("kind").GetInt32());
        Assert.Equal(200, scrape.GetProperty("attributes").GetProperty("http.response.status_code").GetInt32());
        Assert.DoesNotContain(endpoint[7..], string.Join('\n', receiver.Transcript.Split('\n').Where(line => line.Contains("\"spans\"", StringComparison.Ordinal))), StringComparison.Ordinal); // not its own exports

        await AgentProgram.SignalAsync(run.Node.Id, 15);
        Assert.Equal(0, await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_allocation_is_a_span_and_a_sampler_that_is_off_sends_none()
    {
        await using var receiver = PeerProcess.Node("otlp.mjs");
        var ports = JsonDocument.Parse(await receiver.WaitForLineAsync("", TestContext.Current.CancellationToken)).RootElement;
        (string, string)[] settings = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", $"http://127.0.0.1:{ports.GetProperty("grpc").GetInt32()}"), ("OTEL_BSP_SCHEDULE_DELAY", "200")];
        await using (var run = await SimulatedNodeRun.StartAsync("node l4\n", settings: settings))
        {
            var list = await run.WaitForListAsync("nvidia.com/gpu", devices => devices.Count > 0 && devices.All(device => device.IsHealthy));
            await run.AllocateAsync("nvidia.com/gpu", list[0].Id);

            var spans = await WaitAsync(receiver, run, "spans", one => Spans(one).Any(span => span.GetProperty("name").GetString() == "v1beta1.DevicePlugin/Allocate"));
            var allocate = Spans(spans).First(span => span.GetProperty("name").GetString() == "v1beta1.DevicePlugin/Allocate");
            Assert.Equal("Allocate", allocate.GetProperty("attributes").GetProperty("rpc.method").GetString());
        }
        Assert.DoesNotContain("\"metrics\"", receiver.Transcript, StringComparison.Ordinal); // only traces have an endpoint

        var before = receiver.Transcript.Length;
        await using (var run = await SimulatedNodeRun.StartAsync("node l4\n", settings: [.. settings, ("OTEL_TRACES_SAMPLER", "always_off")]))
        {
            await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"0\"", StringComparison.Ordinal));
            await AgentProgram.SignalAsync(run.Node.Id, 15);
            await run.Node.WaitForExitAsync(TestContext.Current.CancellationToken); // the last flush too
        }
        Assert.Equal(before, receiver.Transcript.Length);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("OTEL_SDK_DISABLED", "true")]
    [InlineData("OTEL_METRICS_EXPORTER", "none")]
    public async Task Where_nothing_asks_for_it_nothing_of_OpenTelemetry_is_loaded(string name, string value)
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", settings: name.Length == 0 ? [] : name.StartsWith("OTEL_SDK", StringComparison.Ordinal)
            ? [(name, value), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")] : [(name, value)]);
        await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"0\"", StringComparison.Ordinal));

        Assert.DoesNotContain("OpenTelemetry", await File.ReadAllTextAsync($"/proc/{run.Node.Id}/maps", TestContext.Current.CancellationToken), StringComparison.OrdinalIgnoreCase);
        foreach (var child in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            var maps = Path.Combine(child, "maps");
            if (ReadOrEmpty(Path.Combine(child, "cmdline")).Contains(run.NodeFolder, StringComparison.Ordinal))
                Assert.DoesNotContain("OpenTelemetry", ReadOrEmpty(maps), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "OTEL_EXPORTER_OTLP_ENDPOINT is \"collector\"; it must be an address")]
    [InlineData("OTEL_METRICS_EXPORTER", "prometheus", "otlp and none are known here")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "OTLP: ")] // nobody there: said, and nothing else is disturbed
    public async Task What_cannot_be_sent_is_said(string name, string value, string sentence)
    {
        await using var run = await SimulatedNodeRun.StartAsync("node l4\n", settings: [(name, value), ("OTEL_METRIC_EXPORT_INTERVAL", "300"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "300")]);

        await Eventually.AsyncTrue(() => Task.FromResult(run.Node.Transcript.Contains(sentence, StringComparison.Ordinal)), () => run.Node.Transcript);
        await run.WaitForMetricsAsync(text => text.Contains("DCGM_FI_DEV_GPU_TEMP{gpu=\"0\"", StringComparison.Ordinal));
    }

    private static async Task<JsonElement> WaitAsync(PeerProcess receiver, SimulatedNodeRun run, string kind, Func<JsonElement, bool> isRight)
    {
        try
        {
            while (true)
            {
                var line = JsonDocument.Parse(await receiver.WaitForLineAsync("", TestContext.Current.CancellationToken)).RootElement;
                if (line.GetProperty("event").GetString() == kind && isRight(line))
                    return line;
            }
        }
        catch (InvalidOperationException fault)
        {
            throw new InvalidOperationException($"{fault.Message}\n{run.Node.Transcript}", fault);
        }
    }

    private static IEnumerable<string?> Names(JsonElement metrics) => metrics.GetProperty("metrics").EnumerateArray().Select(metric => metric.GetProperty("name").GetString());

    private static JsonElement.ArrayEnumerator Spans(JsonElement spans) => spans.GetProperty("spans").EnumerateArray();

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ""; // it ended meanwhile
        }
    }
}
