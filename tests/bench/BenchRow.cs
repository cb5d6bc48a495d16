using System.Globalization;
using System.Text.RegularExpressions;

namespace AIInfra.Bench;

/// <summary>One figure of a run.</summary>
/// <param name="Id">What two runs are compared by: <c>agent.scrape-p99-ms</c>.</param>
/// <param name="IsMoreBetter">False: less is better.</param>
/// <param name="Baseline">Of the same run; null: none.</param>
/// <param name="Budget">In the words of who set it.</param>
/// <param name="Limit">The budget as a number in the row's own unit; null where there is none.</param>
/// <param name="IsMet">Null without a budget.</param>
/// <param name="Instructions">Executed for one of what is measured.</param>
internal sealed record BenchRow(
    string Id, string What, string Unit, double Value, bool IsMoreBetter, double? Baseline, string? Budget, double? Limit, bool? IsMet, double? Instructions)
{
    public double? Ratio => Baseline > 0 ? Value / Baseline : null;

    /// <summary>How many times better another value is: below 1, worse. Null where either is nothing.</summary>
    public double? Gain(double other) => (Value, other) switch
    {
        (0, 0) => 1,
        ( <= 0, _) or (_, <= 0) => null,
        _ => IsMoreBetter ? other / Value : Value / other,
    };

    public static BenchRow Of(string bench, string what, double value, double? baseline, string? budget, string? id, string? unit, double? instructions)
    {
        unit ??= BenchWords.UnitOf(what);
        var isMore = budget?.StartsWith(">=", StringComparison.Ordinal) == true
            || (budget?.StartsWith("<=", StringComparison.Ordinal) != true && unit is "lines/s" or "nodes/s" or "decisions/s" or "MB/s");
        var limit = BenchWords.LimitOf(budget, unit, baseline);
        return new BenchRow(id is null ? BenchWords.IdOf(bench, what) : $"{bench}.{id}", what, unit, value, isMore, baseline, budget, limit,
            limit is { } bound ? isMore ? value >= bound : value <= bound : null, instructions);
    }
}

/// <summary>What is read out of the words of a row.</summary>
internal static partial class BenchWords
{
    /// <summary>How many of the first there are in one of the second.</summary>
    private static readonly Dictionary<(string Row, string Budget), double> Scales = new()
    {
        [("ms", "s")] = 1000, [("us", "s")] = 1e6, [("us", "ms")] = 1000, [("s", "ms")] = 0.001, [("KB", "MB")] = 1000, [("MB", "KB")] = 0.001,
    };

    /// <returns>The last unit that the words name; empty: a plain number.</returns>
    public static string UnitOf(string what) => Units().Matches(Parentheses().Replace(what, "")) is [.., var last] ? last.Value : "";

    public static string IdOf(string bench, string what)
    {
        var text = Parentheses().Replace(what, "").Trim();
        if (text.StartsWith($"{bench}:", StringComparison.OrdinalIgnoreCase))
            text = text[(bench.Length + 1)..];
        return $"{bench}.{Others().Replace(text.ToLowerInvariant().Replace("%", "percent", StringComparison.Ordinal), "-").Trim('-')}";
    }

    /// <returns>The number that a budget begins with, in the row's unit; null where it begins with none.</returns>
    public static double? LimitOf(string? budget, string unit, double? baseline)
    {
        if (budget is null || Number().Match(budget) is not { Success: true } found)
            return null;
        var number = double.Parse(found.Groups["number"].Value, CultureInfo.InvariantCulture);
        if (found.Groups["of"].Success)
            number /= double.Parse(found.Groups["of"].Value, CultureInfo.InvariantCulture);
        if (found.Groups["baseline"].Success)
            return baseline * number;
        return number * Scales.GetValueOrDefault((unit, found.Groups["unit"].Value), 1);
    }

    [GeneratedRegex(@"% of (one|a) core|us per KiB|ms per scrape|messages per second|(?<![\w-])[A-Za-z-]+/s\b|\b(ms|us|s|MB|KB|KiB|bytes|threads)\b")]
    private static partial Regex Units();

    [GeneratedRegex(@"\s*\([^)]*\)")]
    private static partial Regex Parentheses();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Others();

    [GeneratedRegex(@"^(<=|>=)?\s*(?<number>[0-9.]+)(/(?<of>[0-9.]+))?\s*(?<unit>ms|us|s|MB|KB)?\b(?<baseline>\s*of the baseline)?")]
    private static partial Regex Number();
}
