using System.Text;

namespace AIInfra.Core.Metrics;

/// <summary>Labels as they stand on the page, <c>{vendor="nvidia",device="GPU-0"}</c>, rendered once and copied at each scrape.</summary>
/// <remarks>Source: prometheus.io, exposition formats, text 0.0.4.</remarks>
internal static class LabelBlock
{
    /// <summary>Longer values are cut: Prometheus drops a whole scrape over one label that is too long for it.</summary>
    public const int ValueLength = 512;

    /// <returns>UTF-8; empty when there are no labels.</returns>
    /// <param name="labels">Names are valid label names; values are outside input of any content.</param>
    public static byte[] Render(params IEnumerable<KeyValuePair<string, string>> labels)
    {
        var block = new StringBuilder();
        foreach (var (name, value) in labels)
        {
            block.Append(block.Length == 0 ? '{' : ',').Append(name).Append("=\"");
            AppendEscaped(block, value);
            block.Append('"');
        }
        if (block.Length > 0)
            block.Append('}');
        return Encoding.UTF8.GetBytes(block.ToString());
    }

    /// <summary>Backslash, quote and line feed escaped; other control characters and broken surrogates become U+FFFD.</summary>
    public static void AppendEscaped(StringBuilder block, string value)
    {
        var length = 0;
        foreach (var rune in value.EnumerateRunes())
        {
            if (++length > ValueLength)
                return;
            switch (rune.Value)
            {
                case '\\':
                    block.Append(@"\\");
                    break;
                case '"':
                    block.Append("\\\"");
                    break;
                case '\n':
                    block.Append(@"\n");
                    break;
                default:
                    block.Append(Rune.IsControl(rune) ? Rune.ReplacementChar.ToString() : rune.ToString());
                    break;
            }
        }
    }
}
