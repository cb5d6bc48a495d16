using System.Buffers;
using System.Globalization;

namespace AIInfra.Core.Metrics;

/// <summary>Prometheus' text formats and OpenMetrics: they differ above the series and at the end. Asks for room once a line, writes, advances once.</summary>
internal sealed class TextPageWriter(PageStyle style) : PageWriter
{
    /// <summary>Of a finite double in its shortest form that reads back the same, and of any 64-bit integer.</summary>
    private const int LongestNumber = 24;
    /// <summary>Braces, a comma, a space and the line's end.</summary>
    private const int Marks = 5;

    internal override void End()
    {
        Close();
        if (style.Format == PageFormat.OpenMetrics)
            Output.Write("# EOF\n"u8);
    }

    private protected override void BeginFamily(MetricHead head) => Output.Write(head.HeaderIn(style));

    private protected override void EndFamily(MetricHead head) { }

    private protected override void WriteSample(MetricHead head, LabelSet labels, LabelSet more, double value)
    {
        var line = Start(head, labels, more, out var length);
        value.TryFormat(line[length..], out var digits, default, CultureInfo.InvariantCulture);
        Finish(line, length + digits);
    }

    private protected override void WriteSample(MetricHead head, LabelSet labels, LabelSet more, long value)
    {
        var line = Start(head, labels, more, out var length);
        value.TryFormat(line[length..], out var digits, default, CultureInfo.InvariantCulture);
        Finish(line, length + digits);
    }

    private Span<byte> Start(MetricHead head, LabelSet labels, LabelSet more, out int length)
    {
        var name = head.NameIn(style);
        var shared = labels.In(style);
        var own = more.In(style);
        var line = Output.GetSpan(name.Length + shared.Length + own.Length + LongestNumber + Marks);
        name.CopyTo(line);
        length = name.Length;
        if (shared.Length + own.Length > 0)
        {
            line[length++] = (byte)'{';
            shared.CopyTo(line[length..]);
            length += shared.Length;
            if (shared.Length > 0 && own.Length > 0)
                line[length++] = (byte)',';
            own.CopyTo(line[length..]);
            length += own.Length;
            line[length++] = (byte)'}';
        }
        line[length++] = (byte)' ';
        return line;
    }

    private void Finish(Span<byte> line, int length)
    {
        line[length] = (byte)'\n';
        Output.Advance(length + 1);
    }
}
