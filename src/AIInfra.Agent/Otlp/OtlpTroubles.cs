using System.Diagnostics.Tracing;
using System.Globalization;

namespace AIInfra.Agent.Otlp;

/// <summary>Hears what the OpenTelemetry SDK says of its troubles, which it otherwise keeps to itself: each kind is passed on once in ten minutes.</summary>
internal sealed class OtlpTroubles(TimeProvider time, Action<string> say) : EventListener
{
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(10);
    private const int LongestText = 500;
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _said = [];

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name.StartsWith("OpenTelemetry-", StringComparison.Ordinal))
            EnableEvents(eventSource, eventSource.Name == Exporter ? EventLevel.Warning : EventLevel.Error); // of the others, warnings are about what was never asked for
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        lock (_gate)
        {
            if (_said.TryGetValue(eventData.EventId, out var said) && time.GetElapsedTime(said) < Again)
                return;
            _said[eventData.EventId] = time.GetTimestamp();
        }
        var text = eventData.Message is { } message
            ? string.Format(CultureInfo.InvariantCulture, message, [.. eventData.Payload ?? (IReadOnlyList<object?>)[]])
            : string.Join(" ", eventData.Payload ?? (IReadOnlyList<object?>)[]);
        text = text.ReplaceLineEndings(" ");
        say(text.Length > LongestText ? $"{text.AsSpan(0, LongestText)}…" : text);
    }
}
