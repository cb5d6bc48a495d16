using System.Collections.Immutable;

namespace AIInfra.Agent.Otlp;

/// <summary>What the standard environment variables of OpenTelemetry ask for. The SDK reads the others (headers, attributes, interval, sampler, certificates) itself.</summary>
/// <param name="Faults">Why something that is asked for is not sent, as sentences.</param>
/// <remarks>Source: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".</remarks>
internal sealed record OtlpSettings(bool Metrics, bool Traces, ImmutableArray<string> Faults)
{
    private const string Otlp = "OTEL_EXPORTER_OTLP_";

    public bool IsOn => Metrics || Traces;

    public static OtlpSettings Read(Func<string, string?> variable)
    {
        if (string.Equals(variable("OTEL_SDK_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
            return new OtlpSettings(false, false, []);
        var faults = ImmutableArray.CreateBuilder<string>();
        var (metrics, traces) = (IsAsked("METRICS"), IsAsked("TRACES"));
        return new OtlpSettings(metrics, traces, [.. faults.Distinct()]);

        bool IsAsked(string signal)
        {
            var exporter = Text($"OTEL_{signal}_EXPORTER");
            var name = Text($"{Otlp}{signal}_ENDPOINT") is null ? $"{Otlp}ENDPOINT" : $"{Otlp}{signal}_ENDPOINT";
            var endpoint = Text(name);
            if (exporter is "none" || (exporter is null && endpoint is null))
                return false;
            if (exporter is not (null or "otlp"))
                return Refuse($"OTEL_{signal}_EXPORTER is \"{exporter}\"; otlp and none are known here. {signal} are not sent.");
            if (endpoint is not null && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
                return Refuse($"{name} is \"{endpoint}\"; it must be an address as in http://collector:4317. {signal} are not sent.");
            var protocol = Text($"{Otlp}{signal}_PROTOCOL") ?? Text($"{Otlp}PROTOCOL");
            if (protocol is not (null or "grpc" or "http/protobuf"))
                return Refuse($"OTEL_EXPORTER_OTLP_PROTOCOL is \"{protocol}\"; grpc and http/protobuf are known here. {signal} are not sent.");
            return true;
        }

        bool Refuse(string sentence)
        {
            faults.Add(sentence);
            return false;
        }

        string? Text(string name) => variable(name)?.Trim() is { Length: > 0 } text ? text : null;
    }
}
