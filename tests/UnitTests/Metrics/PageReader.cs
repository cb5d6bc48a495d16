using System.Globalization;
using System.Text;

namespace AIInfra.UnitTests.Metrics;

/// <summary>Reads a page of the text format as strictly as Prometheus does, so that tests see what a scraper sees.</summary>
internal sealed class PageReader
{
    /// <summary>Series as they stand on the page, name and labels.</summary>
    public Dictionary<string, double> Samples { get; } = new(StringComparer.Ordinal);

    /// <summary>Names of the families in their order.</summary>
    public List<string> Families { get; } = [];

    public static PageReader Read(byte[] page)
    {
        var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(page);
        if (!text.EndsWith('\n'))
            throw new FormatException("The last line does not end.");
        var reader = new PageReader();
        var lines = text[..^1].Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            if (!lines[at].StartsWith('#'))
            {
                reader.Sample(lines[at], reader.Families.LastOrDefault());
                continue;
            }
            var name = lines[at].Split(' ')[2];
            if (!lines[at].StartsWith("# HELP ", StringComparison.Ordinal) || lines[at + 1].Split(' ') is not ["#", "TYPE", var typed, "gauge" or "counter"] || typed != name)
                throw new FormatException($"HELP and TYPE do not stand together: {lines[at]}");
            if (reader.Families.Contains(name))
                throw new FormatException($"{name} stands twice.");
            reader.Families.Add(name);
            at++;
            if (at + 1 == lines.Length || lines[at + 1].StartsWith('#'))
                throw new FormatException($"{name} has no sample.");
        }
        return reader;
    }

    /// <summary>The same of OpenMetrics text: series by their full names, types by the names of their families.</summary>
    public static (Dictionary<string, double> Samples, Dictionary<string, string> Types) ReadOpenMetrics(byte[] page)
    {
        var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(page);
        if (!text.EndsWith("\n# EOF\n", StringComparison.Ordinal))
            throw new FormatException("There is no end.");
        var (reader, types, family) = (new PageReader(), new Dictionary<string, string>(StringComparer.Ordinal), "");
        foreach (var line in text[..^"\n# EOF\n".Length].Split('\n'))
        {
            var words = line.Split(' ');
            if (words is ["#", "TYPE", var name, "gauge" or "counter" or "unknown"])
                types.Add(family = name, words[3]);
            else if (words is ["#", "UNIT", var measured, var unit] && (measured != family || !family.EndsWith($"_{unit}", StringComparison.Ordinal)))
                throw new FormatException($"Not its unit: {line}");
            else if (words[0] == "#" && (words[1] is not ("UNIT" or "HELP") || words[2] != family))
                throw new FormatException($"Not a line of this format: {line}");
            else if (words[0] != "#")
                reader.Sample(line, types[family] == "counter" ? $"{family}_total" : family);
        }
        return (reader.Samples, types);
    }

    /// <summary>Label values by name, unescaped.</summary>
    public static Dictionary<string, string> Labels(string series)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var at = series.IndexOf('{', StringComparison.Ordinal);
        if (at < 0)
            return labels;
        do
        {
            var equals = series.IndexOf('=', ++at);
            var name = series[at..equals];
            if (series[equals + 1] != '"' || name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '_'))
                throw new FormatException($"Not a label: {series[at..]}");
            var value = new StringBuilder();
            for (at = equals + 2; series[at] != '"'; at++)
            {
                if (series[at] != '\\')
                    value.Append(series[at]);
                else
                    value.Append(series[++at] switch { '\\' => '\\', '"' => '"', 'n' => '\n', var other => throw new FormatException($"Not an escape: \\{other}") });
            }
            labels.Add(name, value.ToString());
            at++;
        } while (series[at] == ',');
        return series[at..] == "}" ? labels : throw new FormatException($"More after the labels: {series[at..]}");
    }

    private void Sample(string line, string? family)
    {
        var space = line.LastIndexOf(' ');
        var series = line[..space];
        _ = Labels(series);
        var name = series.Split('{')[0];
        if (family != name)
            throw new FormatException($"{name} stands outside its family.");
        if (!Samples.TryAdd(series, double.Parse(line[(space + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture)))
            throw new FormatException($"{series} stands twice.");
    }
}
