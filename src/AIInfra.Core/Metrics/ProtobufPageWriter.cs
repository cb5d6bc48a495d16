using System.Buffers;

namespace AIInfra.Core.Metrics;

/// <summary>Prometheus' MetricFamily messages, each with its length before it. One family at a time is kept until its length is known.</summary>
/// <remarks>Source: io.prometheus.client, metrics.proto: family: name 1, help 2, type 3, metric 4, unit 5; metric: label 1, gauge 2, counter 3; in both a double as field 1.</remarks>
internal sealed class ProtobufPageWriter(PageStyle style) : PageWriter
{
    private const byte MetricTag = 0x22, GaugeTag = 0x12, CounterTag = 0x1A, ValueTag = 0x09, ValueLength = 9;
    /// <summary>Tag, length, and the double with its tag.</summary>
    private const int NumberLength = 2 + ValueLength;

    private readonly ArrayBufferWriter<byte> _family = new(4096);

    internal override void End() => Close();

    private protected override void BeginFamily(MetricHead head)
    {
        _family.ResetWrittenCount();
        _family.Write(head.HeaderIn(style));
    }

    private protected override void EndFamily(MetricHead head)
    {
        var length = Output.GetSpan(ProtoText.LongestVarint);
        Output.Advance(ProtoText.WriteVarint(length, _family.WrittenCount));
        Output.Write(_family.WrittenSpan);
    }

    private protected override void WriteSample(MetricHead head, LabelSet labels, LabelSet more, double value)
    {
        var shared = labels.In(style);
        var own = more.In(style);
        var length = shared.Length + own.Length + NumberLength;
        var metric = _family.GetSpan(1 + ProtoText.LongestVarint + length);
        metric[0] = MetricTag;
        var at = 1 + ProtoText.WriteVarint(metric[1..], length);
        shared.CopyTo(metric[at..]);
        own.CopyTo(metric[(at += shared.Length)..]);
        at += own.Length;
        metric[at] = head.Type == MetricType.Counter ? CounterTag : GaugeTag;
        metric[at + 1] = ValueLength;
        metric[at + 2] = ValueTag;
        ProtoText.WriteDouble(metric[(at + 3)..], value);
        _family.Advance(at + NumberLength);
    }

    private protected override void WriteSample(MetricHead head, LabelSet labels, LabelSet more, long value) => WriteSample(head, labels, more, (double)value);
}
