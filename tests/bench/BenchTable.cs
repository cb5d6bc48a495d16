using System.Globalization;

namespace AIInfra.Bench;

/// <summary>The one form in which every bench prints: what (with its unit), value, baseline of the same run, ratio, budget.</summary>
internal static class BenchTable
{
    public static void Head(this TextWriter output) =>
        output.WriteLine($"{"what",-62} {"value",12} {"baseline",12} {"ratio",8}  budget");

    /// <summary>What the rows below are about, and what their baseline is.</summary>
    public static void Note(this TextWriter output, string text) => output.WriteLine($"# {text}");

    /// <param name="baseline">Null: nothing to compare with.</param>
    /// <param name="budget">As design and README state it; null: none.</param>
    public static void Row(this TextWriter output, string what, double value, double? baseline = null, string? budget = null) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{what,-62} {value,12:0.###} {(baseline is { } other ? other.ToString("0.###", CultureInfo.InvariantCulture) : "-"),12} {(baseline > 0 ? (value / baseline.Value).ToString("0.00", CultureInfo.InvariantCulture) : "-"),8}  {budget}").TrimEnd());

    /// <summary>The value below which a share of the values lies.</summary>
    public static double At(this List<double> values, double share) => values.Order().ElementAt(Math.Min(values.Count - 1, (int)(values.Count * share)));
}
