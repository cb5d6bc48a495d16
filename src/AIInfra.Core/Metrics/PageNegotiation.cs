using System.Globalization;

namespace AIInfra.Core.Metrics;

/// <summary>What a scraper gets, by the headers of its request.</summary>
/// <param name="ContentType">With version, charset and escaping scheme, as the scraper needs it to parse the page.</param>
public readonly record struct PageNegotiation(PageStyle Style, string ContentType, bool IsGzip)
{
    private const string OpenMetricsType = "application/openmetrics-text", TextType = "text/plain", ProtobufType = "application/vnd.google.protobuf";
    private const string Dots = "dots";

    /// <summary>A longer header is read up to here: what a scraper prefers stands in front.</summary>
    private const int MostCharacters = 4096;

    private static readonly string[] Schemes = ["allow-utf-8", "underscores", Dots, "values"];

    /// <summary>The text format 0.0.4 for all who ask for nothing that is spoken here: a scraper is never refused.</summary>
    /// <param name="accept">The Accept header, joined by commas; null when there is none.</param>
    /// <param name="acceptEncoding">The Accept-Encoding header, likewise.</param>
    /// <param name="speaksOpenMetrics">See <see cref="MetricsPage.SpeaksOpenMetrics"/>. Where not, there is the text format 0.0.4 and protobuf.</param>
    public static PageNegotiation Of(string? accept, string? acceptEncoding, bool speaksOpenMetrics)
    {
        var (best, style, type) = (0.0, new PageStyle(PageFormat.Text), $"{TextType}; version=0.0.4; charset=utf-8");
        foreach (var range in new Ranges(accept))
        {
            if (range.Quality > best && Find(range, speaksOpenMetrics) is { } found)
                (best, style, type) = (range.Quality, found.Style, found.ContentType);
        }
        return new PageNegotiation(style, type, TakesGzip(acceptEncoding));
    }

    private static (PageStyle Style, string ContentType)? Find(MediaRange range, bool speaksOpenMetrics)
    {
        var version = range.Parameter("version");
        var scheme = range.Parameter("escaping") is { } asked ? Array.Find(Schemes, known => known == asked) ?? "underscores" : null;
        var escaping = scheme is null ? "" : $"; escaping={scheme}";
        return range.Type switch
        {
            OpenMetricsType when speaksOpenMetrics && version is null or "0.0.1" or "1.0.0" =>
                (Style(PageFormat.OpenMetrics), $"{OpenMetricsType}; version={version ?? "0.0.1"}; charset=utf-8{escaping}"),
            TextType when version is null or "0.0.4" || (version == "1.0.0" && speaksOpenMetrics) =>
                (Style(PageFormat.Text), $"{TextType}; version={version ?? "0.0.4"}; charset=utf-8{escaping}"),
            "text/*" or "*/*" => (new PageStyle(PageFormat.Text), $"{TextType}; version=0.0.4; charset=utf-8"),
            ProtobufType when range.Parameter("proto") == "io.prometheus.client.MetricFamily" && range.Parameter("encoding") == "delimited" =>
                (Style(PageFormat.Protobuf), $"{ProtobufType}; proto=io.prometheus.client.MetricFamily; encoding=delimited{escaping}"),
            _ => null,
        };

        PageStyle Style(PageFormat format) => new(format, scheme == Dots);
    }

    private static bool TakesGzip(string? acceptEncoding)
    {
        foreach (var range in new Ranges(acceptEncoding))
        {
            if (range.Type is "gzip" or "x-gzip")
                return range.Quality > 0;
        }
        return false;
    }

    /// <summary>One alternative of the header.</summary>
    /// <param name="text">As sent.</param>
    private readonly ref struct MediaRange(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;

        public string Type => (_text.IndexOf(';') is >= 0 and var end ? _text[..end] : _text).Trim().ToString().ToLowerInvariant();

        /// <summary>0 to 1; one that cannot be read is 0, and asks for nothing.</summary>
        public double Quality => Parameter("q") is not { } text ? 1
            : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality) && quality is >= 0 and <= 1 ? quality : 0;

        public string? Parameter(string name)
        {
            var parts = _text.Split(';');
            parts.MoveNext(); // the type
            while (parts.MoveNext())
            {
                var part = _text[parts.Current];
                var equals = part.IndexOf('=');
                if (equals > 0 && part[..equals].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                    return part[(equals + 1)..].Trim().Trim('"').ToString();
            }
            return null;
        }
    }

    private ref struct Ranges(string? header)
    {
        private ReadOnlySpan<char> _rest = header.AsSpan(0, Math.Min(header?.Length ?? 0, MostCharacters));

        public MediaRange Current { get; private set; }

        public readonly Ranges GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
                return false;
            var end = _rest.IndexOf(',');
            Current = new MediaRange(end < 0 ? _rest : _rest[..end]);
            _rest = end < 0 ? [] : _rest[(end + 1)..];
            return true;
        }
    }
}
