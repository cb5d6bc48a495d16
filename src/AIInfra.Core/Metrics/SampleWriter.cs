using System.Buffers;
using System.Globalization;
using System.Text;

namespace AIInfra.Core.Metrics;

/// <summary>Writes lines of the text format. Asks for room once a line, writes, advances once; allocates nothing.</summary>
internal readonly ref struct SampleWriter(IBufferWriter<byte> output)
{
    /// <summary>Of a finite double in its shortest form that reads back the same, and of any 64-bit integer.</summary>
    private const int LongestNumber = 24;

    /// <summary>HELP and TYPE of a family, rendered once.</summary>
    public static byte[] Header(string name, string help, MetricType type)
    {
        var escaped = help.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes($"# HELP {name} {escaped}\n# TYPE {name} {(type == MetricType.Counter ? "counter" : "gauge")}\n");
    }

    public void Write(ReadOnlySpan<byte> header) => output.Write(header);

    /// <param name="name">UTF-8.</param>
    /// <param name="labels">UTF-8, see <see cref="LabelBlock"/>.</param>
    /// <param name="value">Finite. An absent reading is not written at all.</param>
    public void Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> labels, double value)
    {
        var line = Start(name, labels, out var length);
        value.TryFormat(line[length..], out var digits, default, CultureInfo.InvariantCulture);
        End(line, length + digits);
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, ReadOnlySpan{byte}, double)"/>
    public void Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> labels, long value)
    {
        var line = Start(name, labels, out var length);
        value.TryFormat(line[length..], out var digits, default, CultureInfo.InvariantCulture);
        End(line, length + digits);
    }

    private Span<byte> Start(ReadOnlySpan<byte> name, ReadOnlySpan<byte> labels, out int length)
    {
        length = name.Length + labels.Length + 1;
        var line = output.GetSpan(length + LongestNumber + 1);
        name.CopyTo(line);
        labels.CopyTo(line[name.Length..]);
        line[length - 1] = (byte)' ';
        return line;
    }

    private void End(Span<byte> line, int length)
    {
        line[length] = (byte)'\n';
        output.Advance(length + 1);
    }
}
