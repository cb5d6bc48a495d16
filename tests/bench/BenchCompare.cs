using System.Globalization;

namespace AIInfra.Bench;

/// <summary>Two runs side by side: each row that both have, how much better the second is, and what got worse.</summary>
internal static class BenchCompare
{
    /// <summary>Below it a difference is taken for the noise of a shared machine.</summary>
    private const double Noise = 0.1;

    /// <returns>1 where a budget that was met is met no more, else 0.</returns>
    public static int Print(BenchRun first, BenchRun second, TextWriter output)
    {
        if (first.Machine != second.Machine)
            output.WriteLine($"# Other machines: {Words(first)}; {Words(second)}. Read the ratios to the baselines, not the values.");
        output.WriteLine($"{"row",-72} {"first",12} {"second",12} {"gain",7}");
        var (worse, broken) = (new List<string>(), new List<string>());
        foreach (var (before, after) in first.Rows.Join(second.Rows, row => row.Id, row => row.Id, (before, after) => (before, after)))
        {
            var gain = before.Gain(after.Value);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{before.Id,-72} {before.Value,12:0.###} {after.Value,12:0.###} {(gain is { } times ? times.ToString("0.00", CultureInfo.InvariantCulture) : "-"),7}"));
            if (gain < 1 - Noise || (gain is null && after.Value > before.Value != after.IsMoreBetter))
                worse.Add(string.Create(CultureInfo.InvariantCulture, $"{before.Id}: {before.Value:0.###} to {after.Value:0.###} {before.Unit}"));
            if (before.IsMet != false && after.IsMet == false)
                broken.Add(string.Create(CultureInfo.InvariantCulture, $"{after.Id}: {after.Value:0.###} {after.Unit}, budget {after.Budget}"));
        }
        List("Only in the first", [.. first.Rows.Where(row => second.Find(row.Id) is null).Select(row => row.Id)]);
        List("Only in the second", [.. second.Rows.Where(row => first.Find(row.Id) is null).Select(row => row.Id)]);
        List("Worse by more than a tenth", worse);
        List("Budgets met no more", broken);
        return broken.Count > 0 ? 1 : 0;

        void List(string title, List<string> lines)
        {
            if (lines.Count > 0)
                output.WriteLine($"\n{title}:\n  {string.Join("\n  ", lines)}");
        }
    }

    private static string Words(BenchRun run) => $"{run.Machine.Processors} x {run.Machine.Processor}";
}
