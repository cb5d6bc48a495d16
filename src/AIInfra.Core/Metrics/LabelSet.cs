using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Core.Metrics;

/// <summary>Labels of a series, or the part of them that several series share. Rendered once in each format that is asked for, and copied at each scrape.</summary>
/// <remarks>Source: prometheus.io, exposition formats. Immutable; two threads may render the same bytes at once.</remarks>
public sealed class LabelSet
{
    /// <summary>Longer values are cut: Prometheus drops a whole scrape over one label that is too long for it.</summary>
    public const int ValueLength = 512;

    private const byte LabelTag = 0x0A, NameTag = 0x0A, ValueTag = 0x12;

    private readonly byte[]?[] _rendered = new byte[]?[PageStyle.Count];

    /// <param name="labels">In the order they are printed. Names are valid label names; values are outside input of any content.</param>
    public LabelSet(params IEnumerable<KeyValuePair<string, string>> labels) =>
        Labels = [.. labels.Select(label => KeyValuePair.Create(label.Key, Clean(label.Value)))];

    public static LabelSet Empty { get; } = new();

    /// <summary>As they are printed, unescaped.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Labels { get; }

    /// <summary>Tells sets with the same names and values in the same order from all others.</summary>
    internal string Key => field ??= Encoding.UTF8.GetString(In(default));

    /// <returns>Text formats: <c>vendor="nvidia",device="GPU-0"</c> without braces. Protobuf: the label fields of a metric. Either may stand before another set's.</returns>
    internal ReadOnlySpan<byte> In(PageStyle style) => _rendered[style.Place] ??= Render(style);

    private byte[] Render(PageStyle style)
    {
        if (style.Format == PageFormat.Protobuf)
            return RenderMessages(style);
        var text = new StringBuilder();
        foreach (var (name, value) in Labels)
        {
            text.Append(text.Length == 0 ? "" : ",").Append(style.Escape(name)).Append("=\"");
            text.Append(value.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal));
            text.Append('"');
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private byte[] RenderMessages(PageStyle style)
    {
        var (messages, pair) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        foreach (var (name, value) in Labels)
        {
            pair.ResetWrittenCount();
            pair.AppendText(NameTag, style.Escape(name));
            pair.AppendText(ValueTag, value);
            messages.AppendBytes(LabelTag, pair.WrittenSpan);
        }
        return messages.WrittenSpan.ToArray();
    }

    /// <summary>Control characters but the line feed, and broken surrogates, become U+FFFD.</summary>
    private static string Clean(string value)
    {
        var clean = new StringBuilder(value.Length);
        var length = 0;
        foreach (var rune in value.EnumerateRunes())
        {
            if (++length > ValueLength)
                break;
            clean.Append(Rune.IsControl(rune) && rune.Value != '\n' ? Rune.ReplacementChar.ToString() : rune.ToString());
        }
        return clean.ToString();
    }
}
