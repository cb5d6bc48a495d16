using System.Globalization;

namespace AIInfra.Bench;

/// <summary>The one form in which every bench prints: what (with its unit), value, baseline of the same run, ratio, budget.</summary>
internal static class BenchTable
{
    public static void Head(this TextWriter output) =>
        output.WriteLine($"{"what",-62} {"value",12} {"baseline",12} {"ratio",8}  budget");

    /// <summary>What the rows below are about, and what their baseline is.</summary>
    public static void Note(this TextWriter output, string text)
    {
        output.WriteLine($"# {text}");
        (output as BenchOutput)?.Keep(text);
    }

    /// <summary>Prints a figure, and keeps it where the run is kept. Its unit, its budget as a number and the direction that is better are read out of the words, see
    /// <see cref="BenchRow"/>; name them where the words do not say them.</summary>
    /// <param name="what">Ends with the unit: <c>agent: scrape, p99, ms</c>, <c>log: lines/s</c>. Parts that change from run to run stand in parentheses.</param>
    /// <param name="baseline">Null: nothing to compare with.</param>
    /// <param name="budget">As design and README state it, the number first: <c>10</c>, <c>&gt;= 100</c>, <c>1 s</c>, <c>1/3 of the baseline</c>; null: none.</param>
    /// <param name="id">What two runs are compared by; null: made from <paramref name="what"/>. To be given where that holds a count which changes.</param>
    /// <param name="unit">Null: the last one named in <paramref name="what"/>.</param>
    /// <param name="instructions">Executed for one of what is measured; null: not counted.</param>
    public static void Row(
        this TextWriter output, string what, double value, double? baseline = null, string? budget = null, string? id = null, string? unit = null, double? instructions = null)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-62} {value,12:0.###} {(baseline is { } other ? other.ToString("0.###", CultureInfo.InvariantCulture) : "-"),12} {(baseline > 0 ? (value / baseline.Value).ToString("0.00", CultureInfo.InvariantCulture) : "-"),8}  {budget}").TrimEnd());
        (output as BenchOutput)?.Keep(bench => BenchRow.Of(bench, what, value, baseline, budget, id, unit, instructions));
    }

    /// <summary>The value below which a share of the values lies.</summary>
    public static double At(this List<double> values, double share) => values.Order().ElementAt(Math.Min(values.Count - 1, (int)(values.Count * share)));
}
