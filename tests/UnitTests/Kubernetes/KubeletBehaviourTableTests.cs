using System.Text.RegularExpressions;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

/// <summary>The table of docs/device-plugin.md names a test for everything a kubelet is known to do: those tests are there.</summary>
public sealed partial class KubeletBehaviourTableTests
{
    private const int LeastRows = 39;

    [Fact]
    public void Every_row_names_a_test_that_is_there()
    {
        var sources = string.Concat(Directory.EnumerateFiles(RepositoryRoot.Combine("tests"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        var rows = Row().Matches(File.ReadAllText(RepositoryRoot.Combine("docs", "device-plugin.md")));

        Assert.Equal(Enumerable.Range(1, rows.Count).Select(number => $"K{number}"), rows.Select(row => row.Groups["number"].Value));
        Assert.InRange(rows.Count, LeastRows, int.MaxValue);
        Assert.All(rows, row => Assert.Contains($" {row.Groups["test"].Value}(", sources, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^\| (?<number>K[0-9]+) \| [^|\n]+ \| `(?<test>\w+)` \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
