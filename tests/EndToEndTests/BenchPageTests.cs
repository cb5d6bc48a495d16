using System.Text.Json.Nodes;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The runs of the benches that are kept: their page, and two of them side by side.</summary>
public sealed class BenchPageTests : IDisposable
{
    private static readonly string Kept = RepositoryRoot.Combine("docs", "benchmarks.json");

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_page_is_made_of_the_run_that_is_kept_and_holds_every_budget()
    {
        var (status, page) = await BenchAsync("doc", Kept);

        Assert.Equal(0, status);
        Assert.Equal(await File.ReadAllTextAsync(RepositoryRoot.Combine("docs", "benchmarks.md"), TestContext.Current.CancellationToken), page + "\n");
        Assert.DoesNotContain("not in this run", page, StringComparison.Ordinal);
        var run = JsonNode.Parse(await File.ReadAllTextAsync(Kept, TestContext.Current.CancellationToken))!;
        Assert.NotEqual("", run["date"]!.GetValue<string>());
        Assert.NotEqual("", run["commit"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_row_that_got_worse_and_a_budget_that_is_met_no_more_are_said()
    {
        var first = _folder.Write("first.json", Run("1000000", value: 2_000_000, more: 10));
        var second = _folder.Write("second.json", Run("1000000", value: 900_000, more: 11));

        var (status, text) = await BenchAsync("compare", first, second);

        Assert.Equal(1, status);
        Assert.Contains("Worse by more than a tenth:\n  log.lines-s: 2000000 to 900000 lines/s\n", text + "\n", StringComparison.Ordinal);
        Assert.Contains("Budgets met no more:\n  log.lines-s: 900000 lines/s, budget 1000000", text, StringComparison.Ordinal);
        Assert.DoesNotContain("agent.start-ms: 10 to 11", text, StringComparison.Ordinal); // within the noise
        Assert.Equal(0, (await BenchAsync("compare", second, first)).Status);
        var (broken, said) = await BenchAsync("compare", first, _folder.Write("broken.json", "{}"));
        Assert.Equal(66, broken);
        Assert.Contains("holds no run of the benches", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_say_their_unit_and_whether_the_budget_is_met_and_a_bench_that_fails_leaves_them()
    {
        Assert.SkipUnless(Directory.Exists(RepositoryRoot.Combine("out", "package")), "There are no packages: run make package.");
        // Without a PATH the agent's bench finds no kubelet; the sizes of the packages need none.
        var (status, text) = await BenchAsync(["package", "agent"], ("PATH", "/nowhere"));

        Assert.Equal(1, status);
        Assert.Contains("! agent failed:", text, StringComparison.Ordinal);
        var run = JsonNode.Parse(await File.ReadAllTextAsync(_folder.Combine("bench.json"), TestContext.Current.CancellationToken))!;
        var row = run["rows"]!.AsArray().Single(row => row!["id"]!.GetValue<string>() == "package.image-compressed-mb")!;
        Assert.Equal(("MB", 60, true), (row["unit"]!.GetValue<string>(), row["limit"]!.GetValue<double>(), row["isMet"]!.GetValue<bool>()));
        Assert.Equal("agent", run["failures"]!.AsArray().Single()!["bench"]!.GetValue<string>());
    }

    private async Task<(int Status, string Output)> BenchAsync(params string[] words) => await BenchAsync(words, ("LANG", "C"));

    private async Task<(int Status, string Output)> BenchAsync(string[] words, (string Name, string Value) setting)
    {
        await using var bench = PeerProcess.Start(
            RepositoryRoot.Combine("tests", "bench", "bin", "Release", "net10.0", "aiinfra-bench"), words,
            new Dictionary<string, string> { ["AIINFRA_BENCH_OUT"] = _folder.Path, [setting.Name] = setting.Value });
        var status = await bench.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (status, bench.Transcript.Trim('\n'));
    }

    private static string Run(string budget, double value, double more) => $$"""
        { "date": "2026-11-28", "commit": "c", "machine": { "processor": "p", "processors": 2, "memoryGb": 8, "kernel": "k", "system": "s" }, "watchSeconds": 60, "notes": [], "failures": [],
          "rows": [
            { "id": "log.lines-s", "what": "log: lines/s", "unit": "lines/s", "value": {{value}}, "isMoreBetter": true, "budget": "{{budget}}", "limit": {{budget}}, "isMet": {{(value >= 1e6 ? "true" : "false")}} },
            { "id": "agent.start-ms", "what": "agent: start, ms", "unit": "ms", "value": {{more}}, "isMoreBetter": false }
          ] }
        """;
}
