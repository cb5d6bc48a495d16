using System.Text.RegularExpressions;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Documents;

/// <summary>Pages that must not drift apart, and links that must lead somewhere.</summary>
public sealed partial class DocumentTests
{
    [Theory]
    [InlineData("README.md", "README.zh-CN.md")]
    [InlineData("docs/operations.md", "docs/operations.zh-CN.md")]
    [InlineData("docs/troubleshooting.md", "docs/troubleshooting.zh-CN.md")]
    public void A_page_and_its_translation_have_the_same_headings_and_as_many_blocks_of_code(string page, string translation)
    {
        var (one, other) = (Shape(page), Shape(translation));

        Assert.Equal(one.Headings, other.Headings);
        Assert.Equal(one.Blocks, other.Blocks);
    }

    [Theory]
    [InlineData("docs/operations.md", "docs/operations.zh-CN.md")]
    [InlineData("docs/troubleshooting.md", "docs/troubleshooting.zh-CN.md")]
    public void Commands_and_tables_of_a_guide_are_the_same_in_both_languages(string page, string translation)
    {
        var (one, other) = (Shape(page), Shape(translation));

        Assert.Equal(one.Rows, other.Rows);
        Assert.Equal(one.Code, other.Code);
    }

    [Fact]
    public void Every_link_to_a_file_of_the_repository_leads_to_one()
    {
        var pages = Directory.EnumerateFiles(RepositoryRoot.Combine("docs"), "*.md", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(RepositoryRoot.Path, "*.md"));
        Assert.Empty(pages.SelectMany(page => Links(page).Where(link => !IsThere(page, link)).Select(link => $"{Path.GetRelativePath(RepositoryRoot.Path, page)}: {link}")));
    }

    /// <summary>Depths of the headings in order, cells of the table rows in order, and the lines of code without their comments.</summary>
    private static (IReadOnlyList<int> Headings, IReadOnlyList<int> Rows, IReadOnlyList<string> Code, int Blocks) Shape(string page)
    {
        var (headings, rows, code) = (new List<int>(), new List<int>(), new List<string>());
        var (isFenced, wasCode, blocks) = (false, false, 0);
        foreach (var line in File.ReadLines(RepositoryRoot.Combine(page)))
        {
            var isCode = isFenced || line.StartsWith("```", StringComparison.Ordinal) || line.StartsWith("    ", StringComparison.Ordinal);
            blocks += isCode && !wasCode ? 1 : 0;
            wasCode = isCode;
            if (line.StartsWith("```", StringComparison.Ordinal))
                isFenced = !isFenced;
            else if (isFenced || line.StartsWith("    ", StringComparison.Ordinal))
                code.Add(Comment().Replace(Local().Replace(line, "zh:"), "").TrimEnd());
            else if (line.StartsWith('#'))
                headings.Add(line.TakeWhile(letter => letter == '#').Count());
            else if (line.StartsWith('|'))
                rows.Add(line.Replace("\\|", "", StringComparison.Ordinal).Count(letter => letter == '|'));
        }
        return (headings, rows, code, blocks);
    }

    private static IEnumerable<string> Links(string page) => Link().Matches(Fence().Replace(File.ReadAllText(page), "")).Select(match => match.Groups[1].Value)
        .Where(link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith('#'));

    /// <summary>The file, and the heading in it where the link names one.</summary>
    private static bool IsThere(string page, string link)
    {
        var parts = link.Split('#');
        var path = Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
        return Path.Exists(path) && (parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal) || Headings(path).Contains(parts[1]));
    }

    private static IEnumerable<string> Headings(string path) => File.ReadLines(path).Where(line => line.StartsWith('#'))
        .Select(line => string.Concat(line.TrimStart('#').Trim().ToLowerInvariant().Select(letter => letter == ' ' ? '-' : letter).Where(letter => char.IsLetterOrDigit(letter) || letter is '-' or '_')));

    [GeneratedRegex(@"\s+# .*$")]
    private static partial Regex Comment();

    [GeneratedRegex("zh:.*$")]
    private static partial Regex Local();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
