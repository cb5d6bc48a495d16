using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Telemetry;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AIInfra.Agent.Otlp;

/// <summary>Sends metrics and traces by OTLP. Registered only where the environment asks for it: elsewhere nothing of OpenTelemetry is ever loaded.</summary>
internal sealed partial class OtlpWorker(OtlpSettings settings, MetricsSources sources, MetricsPageOptions page, TimeProvider time, ILogger<OtlpWorker> logger) : IWorker
{
    public const string Part = "otlp";

    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var fault in settings.Faults)
            LogFault(fault);
        if (!settings.IsOn)
            return;
        using var troubles = new OtlpTroubles(time, LogTrouble);
        using var meter = settings.Metrics ? new HardwareMeter(sources, page, time) : null;
        var resource = ResourceBuilder.CreateEmpty()
            .AddService("aiinfra-agent", serviceVersion: page.Version, serviceInstanceId: page.Hostname)
            .AddAttributes([new("host.name", page.Hostname), new("k8s.node.name", page.Hostname)])
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector(); // the last one wins: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES
        var metrics = settings.Metrics ? Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(HardwareMeter.Name).AddOtlpExporter((exporter, _) => Apply("METRICS", exporter)).Build() : null;
        var traces = settings.Traces ? Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
            .AddSource("AIInfra.*", "System.Net.Http") // calls that come in, and those that go out: kubelet, API server
            .AddOtlpExporter(exporter => Apply("TRACES", exporter)).Build() : null;
        LogSending(settings.Metrics ? settings.Traces ? "metrics and traces" : "metrics" : "traces");
        await cancellationToken.WhenCancelledAsync();
        await EndAsync(() => metrics?.Shutdown((int)Farewell.TotalMilliseconds), metrics);
        await EndAsync(() => traces?.Shutdown((int)Farewell.TotalMilliseconds), traces);
    }

    /// <summary>The variables of one signal alone, which win over those of all: the SDK reads only the latter.</summary>
    private static void Apply(string signal, OtlpExporterOptions exporter)
    {
        string? Of(string name) => Environment.GetEnvironmentVariable($"OTEL_EXPORTER_OTLP_{signal}_{name}") is { Length: > 0 } text ? text : null;
        if (Of("PROTOCOL") is { } protocol)
            exporter.Protocol = protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        if (Of("ENDPOINT") is { } endpoint)
            exporter.Endpoint = new Uri(endpoint); // whole, also its path
        if (Of("HEADERS") is { } headers)
            exporter.Headers = headers;
        if (int.TryParse(Of("TIMEOUT"), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
            exporter.TimeoutMilliseconds = milliseconds;
    }

    /// <summary>What was collected is sent once more; a collector that does not answer is not waited for.</summary>
    private async Task EndAsync(Action shutdown, IDisposable? provider)
    {
        if (provider is null)
            return;
        try
        {
            await Task.Run(() =>
            {
                shutdown();
                provider.Dispose();
            }).WaitAsync(Farewell, time);
        }
        catch (TimeoutException)
        {
            LogUnsent();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sending {What} by OTLP, as the OTEL_ variables of the environment ask")]
    private partial void LogSending(string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "OTLP: {What}")]
    private partial void LogTrouble(string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The OTLP collector did not answer in time; what was collected last is not sent")]
    private partial void LogUnsent();
}
