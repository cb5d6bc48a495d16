using System.Globalization;
using System.Text;

namespace AIInfra.Bench;

/// <summary>What is known of a row beside its figures.</summary>
/// <param name="Peer">What its baseline is; empty: the notes of its bench say it.</param>
/// <param name="Published">What others take, in words; empty: not known.</param>
/// <param name="Limit">The row that cannot be undercut; empty: none.</param>
internal sealed record BudgetLine(string Row, string Peer, string Published, string Limit)
{
    /// <summary>The rows that design and issues set budgets for, in their order (budgets.tsv).</summary>
    public static IReadOnlyList<BudgetLine> All { get; } = Read();

    private static List<BudgetLine> Read()
    {
        using var stream = new StreamReader(typeof(BudgetLine).Assembly.GetManifestResourceStream("budgets.tsv")!);
        return [.. stream.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split('\t')).Select(part => new BudgetLine(part[0], part[1], part[2], part[3]))];
    }
}

/// <summary>docs/benchmarks.md, made from a run that is kept: first every budget, then every row.</summary>
internal static class BenchPage
{
    public static string Render(BenchRun run)
    {
        var page = new StringBuilder();
        var machine = run.Machine;
        page.Append(CultureInfo.InvariantCulture, $"""
            # Benchmarks

            Made by `aiinfra-bench doc docs/benchmarks.json`, from what `make bench` left in `out/bench/bench.json`; not edited by hand.
            `make bench-compare A=docs/benchmarks.json B=out/bench/bench.json` holds another run against it.

            | | |
            |---|---|
            | date | {run.Date} |
            | commit | {run.Commit} |
            | machine | {machine.Processors} x {machine.Processor}, {machine.MemoryGb} GB, {machine.System}, Linux {machine.Kernel} |
            | load while it ran | {(run.LoadAverage is { } load ? $"{Text(load)}{(load > machine.Processors ? ": others wanted the processors too, so that times are longer than they are on a quiet machine" : "")}" : "not noted")} |
            | memory and processor time watched for | {run.WatchSeconds} s |
            | {string.Join(" |\n| ", run.Notes.Where(note => note.Bench.Length == 0).Select(note => Cell(note.Text).Replace(": ", " | ", StringComparison.Ordinal)))} |

            Figures are of a shared virtual machine: read the ratios, whose baselines ran in the same minutes. A ratio is value by baseline. All devices are simulated.


            """);
        foreach (var failure in run.Failures)
            page.Append(CultureInfo.InvariantCulture, $"**The bench {failure.Bench} failed**, its later rows are missing: {Cell(failure.Text)}\n\n");
        Budgets(run, page);
        page.Append("## All rows\n");
        foreach (var bench in run.Rows.Select(row => Bench(row)).Distinct())
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {bench}\n\n");
            foreach (var note in run.Notes.Where(note => note.Bench == bench))
                page.Append(CultureInfo.InvariantCulture, $"* {note.Text}\n");
            page.Append("\n| what | value | baseline | ratio | budget | instructions |\n|---|---:|---:|---:|---|---:|\n");
            foreach (var row in run.Rows.Where(row => Bench(row) == bench))
                page.Append(CultureInfo.InvariantCulture, $"| {Cell(row.What)} | {Text(row.Value)} | {Text(row.Baseline)} | {Ratio(row)} | {Cell(row.Budget)} | {Text(row.Instructions)} |\n");
        }
        return page.ToString();
    }

    /// <summary>The budgets as text, for the end of a run.</summary>
    public static void Summarize(BenchRun run, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{"budget",-72} {"value",12} {"unit",-14} {"allowed",-24} met");
        foreach (var row in run.Rows.Where(row => row.Budget is not null))
            output.WriteLine($"{row.Id,-72} {Text(row.Value),12} {row.Unit,-14} {row.Budget,-24} {Met(row)}");
        output.WriteLine($"{run.Rows.Count(row => row.IsMet == true)} budgets met, {run.Rows.Count(row => row.IsMet == false)} not met, {run.Failures.Count} benches failed.");
    }

    private static void Budgets(BenchRun run, StringBuilder page)
    {
        page.Append("""
            ## Budgets

            | what | value | unit | budget | met | baseline of the same run | ratio | others | limit of the machine |
            |---|---:|---|---|---|---|---:|---|---|

            """);
        var known = BudgetLine.All.ToDictionary(line => line.Row);
        foreach (var line in BudgetLine.All.Where(line => run.Find(line.Row) is null))
            page.Append(CultureInfo.InvariantCulture, $"| `{line.Row}` | not in this run | | | | | | {Cell(line.Published)} | |\n");
        var rows = BudgetLine.All.Select(line => run.Find(line.Row)).OfType<BenchRow>().Concat(run.Rows.Where(row => row.Budget is not null && !known.ContainsKey(row.Id)));
        foreach (var row in rows)
        {
            var line = known.GetValueOrDefault(row.Id) ?? new BudgetLine(row.Id, "", "", "");
            var limit = run.Find(line.Limit) is { } found ? $"{Text(found.Value)} {found.Unit}" : "";
            var baseline = row.Baseline is null ? "" : $"{Text(row.Baseline)} ({(line.Peer.Length > 0 ? line.Peer : "see below")})";
            page.Append(CultureInfo.InvariantCulture, $"| {Cell(row.What)} | {Text(row.Value)} | {row.Unit} | {Cell(row.Budget)} | {Met(row)} | {Cell(baseline)} | {Ratio(row)} | {Cell(line.Published)} | {limit} |\n");
        }
        page.Append('\n');
    }

    private static string Bench(BenchRow row) => row.Id[..row.Id.IndexOf('.', StringComparison.Ordinal)];

    private static string Met(BenchRow row) => row.IsMet switch { true => "yes", false => "no", null => "-" };

    private static string Ratio(BenchRow row) => row.Ratio is { } ratio ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "-";

    private static string Text(double? value) => value?.ToString("#,0.###", CultureInfo.InvariantCulture) ?? "-";

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
