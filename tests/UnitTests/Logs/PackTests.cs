using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Packs;
using AIInfra.Vendors;

namespace AIInfra.UnitTests.Logs;

/// <summary>Every rule of every pack against the examples that it carries.</summary>
public sealed class PackTests
{
    private const int LeastMatches = 2, LeastMisses = 1;

    public static IEnumerable<TheoryDataRow<string>> Names => VendorLogs.Packs.Concat(HostPacks.Names).Select(name => new TheoryDataRow<string>(name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_rule_matches_its_lines_and_passes_its_near_misses(string name) => Assert.Empty(RuleExampleCheck.Find(Read(name)));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_rule_has_two_lines_and_a_near_miss_and_every_id_its_texts(string name)
    {
        var rules = Read(name);
        foreach (var rule in rules)
        {
            Assert.True(rule.Examples!.Matches.Length >= (rule.IsClear ? 1 : LeastMatches) && rule.Examples.Misses.Length >= LeastMisses, $"{rule.Source} {rule.Id}: too few examples");
            Assert.True(rule.IsClear || rule.Message.EndsWith('.'), $"{rule.Source} {rule.Id}: the message is no sentence");
            Assert.True(rule.IsClear || rule.Threshold is not null || rules.First(first => first.Id == rule.Id && !first.IsClear).Text is not null, $"{rule.Source} {rule.Id}: its first rule has no Chinese");
            Assert.True(rule.IsClear || ProblemCatalog.Find(rule.Id) is not null, $"{rule.Id} is not explained");
        }
        Assert.All(rules.Where(rule => rule.IsClear), rule => Assert.Contains(rules, raised => raised.Id == rule.Id && !raised.IsClear));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void With_all_packs_loaded_a_line_means_what_its_one_rule_says(string name)
    {
        foreach (var rule in Read(name).Where(rule => rule.Threshold is null))
        {
            foreach (var line in rule.Examples!.Matches)
            {
                var found = Match(line);
                if (rule.IsClear)
                    Assert.Contains(found, finding => finding.IsClear && finding.Verdict.ProblemId == rule.Id);
                else
                    Assert.Equal($"{rule.Id}/{LogCheck.Word(rule.Severity)}/{LogCheck.Word(rule.Action)}", LogCheck.Join(found));
            }
        }
    }

    /// <summary>The same reading that the program uses has all rules that the whole one has.</summary>
    [Fact]
    public void What_matching_needs_is_read_without_the_texts()
    {
        foreach (var name in HostPacks.Names)
        {
            var (lean, whole) = (HostPacks.Read(name), HostPacks.Read(name, isWhole: true));
            Assert.All(lean, rule => Assert.True(rule.Text is null && rule.Examples is null));
            Assert.Equal(whole.Select(rule => rule with { Text = null, Examples = null, Literals = [], Services = [] }), lean.Select(rule => rule with { Literals = [], Services = [] }));
        }
    }

    private static ImmutableArray<LogRule> Read(string name) => HostPacks.Names.Contains(name) ? HostPacks.Read(name, isWhole: true) : VendorLogs.Read(name, isWhole: true);

    private static List<LogFinding> Match(string line)
    {
        var findings = new List<LogFinding>();
        LogCheck.Matcher().Match(new LogLine(Encoding.UTF8.GetBytes(line), LogOrigin.Unknown, 0), findings);
        return findings;
    }
}
