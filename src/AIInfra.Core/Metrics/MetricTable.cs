using System.Collections.Immutable;
using System.Reflection;

namespace AIInfra.Core.Metrics;

/// <summary>Families of a profile from a data file: tab separated, the first line is the head; name, type, field, labels, rank, scope, help.</summary>
/// <remarks>Labels: <c>hw_type=gpu,error_type=corrected</c>. Rank: essential, usual or detail. Scope: all, board or partition.</remarks>
public static class MetricTable
{
    /// <exception cref="InvalidOperationException">The resource is missing: the build is broken.</exception>
    /// <exception cref="FormatException">A line is not of the form; names it.</exception>
    public static ImmutableArray<MetricFamily> Load(Assembly assembly, string resource)
    {
        using var stream = assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource {resource} is missing from this build.");
        using var text = new StreamReader(stream);
        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(Parse)];
    }

    public static MetricType TypeOf(string word) => word switch
    {
        "gauge" => MetricType.Gauge,
        "counter" => MetricType.Counter,
        _ => throw new FormatException($"'{word}' is no type"),
    };

    public static MetricRank RankOf(string word) => word switch
    {
        "essential" => MetricRank.Essential,
        "usual" => MetricRank.Usual,
        "detail" => MetricRank.Detail,
        _ => throw new FormatException($"'{word}' is no rank"),
    };

    private static MetricFamily Parse(string line)
    {
        if (line.Split('\t') is not [var name, var type, var field, var labels, var rank, var scope, var help])
            throw new FormatException($"\"{line}\" has not seven columns");
        return new MetricFamily(name, help, TypeOf(type), field)
        {
            Labels = [.. labels.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(label => label.Split('=')).Select(pair => KeyValuePair.Create(pair[0], pair[1]))],
            Rank = RankOf(rank),
            Scope = scope switch { "all" => MetricScope.All, "board" => MetricScope.Boards, "partition" => MetricScope.Partitions, _ => throw new FormatException($"'{scope}' is no scope") },
        };
    }
}
