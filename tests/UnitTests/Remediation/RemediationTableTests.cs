using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>docs/remediation.md says what the built-in policy says, and names a test for every rule of safety: those tests are there.</summary>
public sealed partial class RemediationTableTests
{
    private const int LeastRows = 60;
    private const string Begin = "<!-- ladders: written by RemediationTableTests -->\n", End = "<!-- end of ladders -->";

    private static string Page => RepositoryRoot.Combine("docs", "remediation.md");

    [Fact]
    public void Every_row_names_a_test_that_is_there()
    {
        var sources = string.Concat(Directory.EnumerateFiles(RepositoryRoot.Combine("tests"), "*.*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".mjs", StringComparison.Ordinal)).Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        var rows = Row().Matches(File.ReadAllText(Page));

        Assert.Equal(Enumerable.Range(1, rows.Count).Select(number => $"R{number}"), rows.Select(row => row.Groups["number"].Value));
        Assert.InRange(rows.Count, LeastRows, int.MaxValue);
        Assert.All(rows.SelectMany(row => Name().Matches(row.Groups["tests"].Value)), name =>
            Assert.True(sources.Contains($" {name.Groups[1].Value}(", StringComparison.Ordinal) || sources.Contains($"class {name.Groups[1].Value}", StringComparison.Ordinal), $"There is no test {name.Groups[1].Value}."));
    }

    [Fact]
    public void Every_built_in_ladder_stands_in_the_page()
    {
        var page = File.ReadAllText(Page);
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        var wanted = Ladders();
        if (Environment.GetEnvironmentVariable("AIINFRA_UPDATE_DOCS") == "1")
            File.WriteAllText(Page, page[..begin] + wanted + page[end..]);
        else
            Assert.Equal(wanted, page[begin..end]);
    }

    private static string Ladders()
    {
        var text = new StringBuilder("| ladder | takes | rung | before it | attempts | rests | ends at the latest | must turn good | stays good for | within |\n|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (var ladder in TestActions.BuiltIn.Ladders)
        {
            foreach (var (rung, at) in ladder.Rungs.Select((rung, at) => (rung, at)))
            {
                text.Append(CultureInfo.InvariantCulture,
                    $"| {(at == 0 ? $"`{ladder.Name}`" : "")} | {(at == 0 ? Takes(ladder) : "")} | {at + 1}. `{rung.Action}`{(rung.NeedsApproval ? ", when a person approves" : "")}{(rung.OnlyIdle ? ", when no pod holds the device" : "")}{(rung.PassWhenImpossible ? "; passed over where it is not possible" : "")} | {Before(rung)} | {rung.Attempts} in {PolicyTime.Show(ladder.Window)} | {PolicyTime.Show(rung.Cooldown)} | {PolicyTime.Show(rung.Deadline)} | {(rung.Action == "drain" ? "the node is empty" : rung.Verify.Length > 0 ? $"the problem, `{rung.Verify}`" : "the problem")} | {PolicyTime.Show(rung.Stable)} | {PolicyTime.Show(rung.VerifyWithin)} |\n");
            }
        }
        return text.ToString();
    }

    private static string Before(Rung rung) => rung.Drain switch
    {
        DrainScope.Node => "cordon, drain the node",
        DrainScope.Device => "drain the pods of its reset group",
        _ => "",
    };

    private static string Takes(Ladder ladder)
    {
        var takes = ladder.Problems.Select(id => $"`{id}`").Concat(ladder.Actions.Select(action => $"what suggests `{(action == SuggestedAction.RestartService ? "restart-service" : action == SuggestedAction.ResetDevice ? "reset-device" : action.ToString().ToLowerInvariant())}`"));
        return string.Join(", ", takes) + (ladder.Persists > TimeSpan.Zero ? $", after {PolicyTime.Show(ladder.Persists)}" : "");
    }

    [GeneratedRegex(@"^\| (?<number>R[0-9]+) \| [^|\n]+ \| [^|\n]+ \| (?<tests>[^|\n]+) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`([A-Z]\w+)`")]
    private static partial Regex Name();
}
