using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Logs;

/// <summary>What a rule can say beside its pattern: parts, thresholds, services, terms, examples, switching off.</summary>
public sealed class RuleFormTests
{
    private const string Rest = "severity: fatal, cause: host, action: drain, clearing: boot, message: m.";

    [Fact]
    public void The_example_of_the_operations_guide_is_a_good_pack_and_does_what_it_says()
    {
        var guide = File.ReadAllText(RepositoryRoot.Combine("docs", "operations.md"));
        var start = guide.IndexOf("terms:", StringComparison.Ordinal);
        var (rules, errors) = RulePackReader.Read("operations.md", guide[start..guide.IndexOf("```", start, StringComparison.Ordinal)]);

        Assert.Empty(errors);
        Assert.Equal(5, rules.Length);
        Assert.Empty(RuleExampleCheck.Find(rules));
        var usable = RulePack.Combine([], rules);
        Assert.Equal(["acme.link-down", "acme.link-flapping"], Match(usable, [.. Enumerable.Range(0, 3).Select(at => ("acme: link 3 at 3b:00.0 is down", at * 60L, ""))]).Select(finding => finding.Verdict.ProblemId).Distinct());
        Assert.True(Assert.Single(Match(usable, ("acme: link 3 at 3b:00.0 is up", 0, ""))).IsClear);
    }

    [Fact]
    public void A_threshold_counts_by_subject_within_its_time_and_never_without_a_time()
    {
        var rules = Read($"{{ id: a.b, literals: disk, pattern: 'disk (?<part>\\w+) fails', after: 3 in 1m, {Rest} }}");

        Assert.Empty(Match(rules, ("disk a fails", 0, ""), ("disk b fails", 1, ""), ("disk a fails", 2, ""), ("disk b fails", 3, "")));
        Assert.Empty(Match(rules, ("disk a fails", 0, ""), ("disk a fails", 50, ""), ("disk a fails", 100, "")));
        Assert.Empty(Match(rules, ("disk a fails", -1, ""), ("disk a fails", -1, ""), ("disk a fails", -1, "")));
        Assert.Equal(new Subject(SubjectKind.Device, "a"), Assert.Single(Match(rules, ("disk a fails", 0, ""), ("disk a fails", 30, ""), ("disk a fails", 60, ""))).Otherwise);
    }

    [Fact]
    public void More_subjects_than_are_counted_push_out_the_one_that_was_quiet_longest()
    {
        var rules = Read($"{{ id: a.b, literals: disk, pattern: 'disk (?<part>\\w+) fails', after: 2 in 1h, {Rest} }}");
        var lines = Enumerable.Range(0, SightingCount.MostSubjects + 1).Select(at => ($"disk d{at} fails", (long)at, "")).ToList();

        Assert.Empty(Match(rules, [.. lines, ("disk d0 fails", 1000, "")]));
        Assert.Single(Match(rules, [.. lines, ("disk d9 fails", 1000, "")]));
    }

    [Fact]
    public void A_line_of_a_service_counts_only_from_the_service_that_writes_such_lines()
    {
        var rules = Read($"{{ id: a.b, source: service, services: [acmed, acme2d], literals: fatal, {Rest} }}");

        Assert.Equal(3, Match(rules, ("fatal", 0, "acmed"), ("fatal", 0, "acme2d"), ("fatal", 0, ""), ("fatal", 0, "acme"), ("fatal", 0, "python3")).Count);
        Assert.Empty(LogCheck.Scan("Apr 11 09:14:33 node-07 myapp[77]: time=\"x\" level=error msg=\"OCI runtime create failed\""));
        Assert.Single(LogCheck.Scan("Apr 11 09:14:33 node-07 containerd[77]: time=\"x\" level=error msg=\"OCI runtime create failed\""));
        Assert.Single(LogCheck.Scan("__CURSOR=s\n__REALTIME_TIMESTAMP=1700000000000000\nSYSLOG_IDENTIFIER=containerd\nMESSAGE=time=\"x\" level=error msg=\"OCI runtime create failed\"\n\n"));
        Assert.Empty(LogCheck.Scan("__CURSOR=s\nSYSLOG_IDENTIFIER=python3\nMESSAGE=time=\"x\" level=error msg=\"OCI runtime create failed\"\n\n"));
    }

    [Theory]
    [InlineData("[  {0}.113907] ")]
    [InlineData("Feb 19 08:41:{0} node-07 kernel: ")]
    [InlineData("2026-02-19T08:41:{0}.1Z node-07 kernel: ")]
    [InlineData("3,1204,{0}000000,-;")]
    public void The_times_of_a_saved_log_are_counted_by(string head)
    {
        var lines = Enumerable.Range(10, 10).Select(second => head.Replace("{0}", $"{second}", StringComparison.Ordinal) + "I/O error, dev sda, sector 7 op 0x0:(READ)");

        Assert.Contains("disk.io-error/fatal/drain", LogCheck.Problems(string.Join('\n', lines)), StringComparison.Ordinal);
        Assert.DoesNotContain("fatal", LogCheck.Problems(string.Join('\n', lines.Take(9))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_s_rule_takes_the_place_of_all_built_in_ones_of_its_id_and_disables_takes_them_away()
    {
        var builtIn = Read($"{{ id: a.b, literals: one, {Rest} }}", $"{{ id: a.b, literals: two, {Rest} }}", "{ clears: a.b, literals: over }", $"{{ id: c.d, literals: three, {Rest} }}");
        var users = Read($"{{ id: a.b, literals: mine, {Rest} }}", "{ disables: c.d }");

        var rules = RulePack.Combine(builtIn, users);

        Assert.Equal(["over", "mine"], rules.SelectMany(rule => rule.Literals));
    }

    [Theory]
    [InlineData("{ disables: a.b, severity: info }", "rules[0].severity means nothing beside disables.")]
    [InlineData("{ disables: a.b, id: c }", "rules[0].id cannot stand beside disables")]
    [InlineData("{ id: a.b, literals: one, after: 3 times, severity: info, cause: host, action: none, clearing: hand, message: m }", "rules[0].after \"3 times\" is not usable; it must be a count and a time, such as 3 in 10m.")]
    [InlineData("{ id: a.b, literals: one, pattern: '%{who}', severity: info, cause: host, action: none, clearing: hand, message: m }", "rules[0].pattern names a term with %{…} that is not in terms; there is none.")]
    [InlineData("{ id: a.b, literals: one, subject: gpu, severity: info, cause: host, action: none, clearing: hand, message: m }", "rules[0].subject \"gpu\" is not usable; it must be device, part or any.")]
    public void What_is_wrong_is_said(string rule, string expected) =>
        Assert.Contains(RulePackReader.Read("p.yaml", $"rules:\n  - {rule}\n").Errors, error => error.Message.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void An_example_that_is_not_as_the_rule_says_is_told()
    {
        var rules = Read($"{{ id: a.b, literals: fault, pattern: '^fault [0-9]', matches: ['fault 3', 'fault x'], not: ['fault 4'], {Rest} }}");

        Assert.Equal(["p.yaml:2:5: a.b does not match its example \"fault x\".", "p.yaml:2:5: a.b matches \"fault 4\", which it must not."], RuleExampleCheck.Find(rules));
    }

    private static System.Collections.Immutable.ImmutableArray<LogRule> Read(params string[] rules)
    {
        var (read, errors) = RulePackReader.Read("p.yaml", "rules:\n" + string.Concat(rules.Select(rule => $"  - {rule}\n")));
        Assert.Empty(errors);
        return read;
    }

    private static List<LogFinding> Match(IReadOnlyList<LogRule> rules, params (string Text, long Second, string Service)[] lines)
    {
        var matcher = new LogMatcher([], rules, new SlowPatterns());
        var findings = new List<LogFinding>();
        foreach (var (text, second, service) in lines)
        {
            matcher.Match(new LogLine(Encoding.UTF8.GetBytes(text), LogOrigin.Unknown, 0)
            {
                Microseconds = second < 0 ? -1 : second * 1_000_000,
                Service = Encoding.UTF8.GetBytes(service),
            }, findings);
        }
        return findings;
    }
}
