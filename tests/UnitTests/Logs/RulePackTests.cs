using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Logs;

public sealed class RulePackTests
{
    private const string Good = """
        rules:
          - id: acme.{code}.down
            literals: ["acme: link", other text]
            pattern: '^acme (?<pci>[0-9a-f:.]+): link (?<code>\S+) down: (?<why>.*)'
            severity: fatal
            cause: fabric
            action: reset-device
            clearing: quiet-90m
            message: "Link down: {why}"
          - clears: acme.1.down
            literals: "acme up"
        """;

    [Fact]
    public void A_rule_says_what_its_line_means_with_the_words_of_the_line()
    {
        var (rules, errors) = RulePackReader.Read("pack.yaml", Good);
        Assert.Empty(errors);
        Assert.Equal(["pack.yaml:2:5", "pack.yaml:10:5"], rules.Select(rule => rule.Source));

        var findings = Match(rules, "acme 3b:00.0: link 1;rm$ down: cable acme: link", "acme up");

        Assert.Equal([("acme.1rm.down", false), ("acme.1.down", true)], findings.Select(finding => (finding.Verdict.ProblemId, finding.IsClear)));
        Assert.Equal(("0000:3b:00.0", "Link down: cable acme: link"), (findings[0].PciAddress, findings[0].Verdict.Message));
        Assert.Equal(Clearing.AfterQuiet(TimeSpan.FromMinutes(90)), findings[0].Verdict.Clearing);
    }

    [Theory]
    [InlineData("kubelet", "unit kubelet")]
    [InlineData("k3s", "unit k3s")]
    [InlineData("", "unit kubelet")] // a saved log does not tell
    public void A_rule_may_name_the_unit_that_its_problem_is_on(string writer, string subject)
    {
        var (rules, errors) = RulePackReader.Read("pack.yaml", "rules:\n  - {id: a.b, source: service, services: [kubelet, k3s], unit: kubelet, literals: [PLEG], severity: info, cause: host, action: none, clearing: hand, message: m}\n");
        Assert.Empty(errors);
        var found = new List<LogFinding>();

        new LogMatcher([], rules, new SlowPatterns()).Match(new LogLine("PLEG is not healthy"u8, LogOrigin.Service, 1) { Service = Encoding.UTF8.GetBytes(writer) }, found);

        Assert.Equal(subject, Assert.Single(found).Otherwise.ToString());
    }

    [Theory]
    [InlineData("id: a.b", "4:5", "rules[1].id is set a second time.")]
    [InlineData("color: red", "4:5", "rules[1].color is no field of a rule; these are: id, ")]
    [InlineData("pattern: '('", "4:14", "rules[1].pattern is no regular expression: ")]
    [InlineData("severity: bad", "4:15", "rules[1].severity \"bad\" is not usable; it must be info, degraded or fatal.")]
    [InlineData("clearing: quiet-5s", "4:15", "rules[1].clearing \"quiet-5s\" is not usable; it must be quiet-10m, ")]
    [InlineData("literals: [ab]", "4:15", "rules[1].literals each must have at least 3 characters")]
    [InlineData("message: [a, b]", "4:14", "rules[1].message must be one text.")]
    [InlineData("cause: {a: b}", "4:12", "rules[1].cause must be plain text.")]
    [InlineData("action: none", "3:5", "rules[1].literals is missing")]
    public void Every_error_has_its_file_line_and_key(string field, string place, string expected)
    {
        var (rules, errors) = RulePackReader.Read("pack.yaml", $"rules:\n  - {{id: fine, literals: abc, severity: info, cause: host, action: none, clearing: hand, message: m}}\n  - id: x.y\n    {field}\n");

        Assert.Equal(["fine"], rules.Select(rule => rule.Id));
        Assert.Contains(errors, error => error.ToString().StartsWith($"pack.yaml:{place}: {expected}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("rules: 5", "rules must be a list.")]
    [InlineData("- a", "a rule pack is a mapping")]
    [InlineData("rule: []", "rule is no key of a rule pack")]
    [InlineData("rules: [5]", "rules[0] must be a mapping")]
    [InlineData("rules: [", "this is not YAML")]
    [InlineData("rules: *x", "rules must be a list.")]
    public void A_file_that_is_no_pack_is_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Single(RulePackReader.Read("pack.yaml", text).Errors).Message, StringComparison.Ordinal);

    [Fact]
    [Trait("Kind", "Fuzz")]
    public void No_text_at_all_throws()
    {
        var pieces = Gen.Elements("rules:", "id", ":", " ", "\n", "  - ", "{", "}", "[", "]", "\"", "'", "&x", "*x", "#", "|", ">", "!!int", "\t", "\u0000", "é", "---", "...", "? ", "<<");
        var text = Gen.ListOf(pieces).Select(parts => string.Concat(parts));

        Prop.ForAll(text.ToArbitrary(), candidate => RulePackReader.Read("f", candidate) is var _).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Folders_are_read_in_order_and_one_that_is_not_there_holds_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-rules-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "b.yaml"), Good);
            File.WriteAllText(Path.Combine(folder.FullName, "a.yaml"), Good.Replace("acme.1.down", "first", StringComparison.Ordinal));
            File.WriteAllText(Path.Combine(folder.FullName, "notes.txt"), "not a pack");

            var (rules, errors) = RulePack.ReadFolders(["/nowhere", folder.FullName]);

            Assert.Empty(errors);
            Assert.Equal(["acme.{code}.down", "first", "acme.{code}.down", "acme.1.down"], rules.Select(rule => rule.Id));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_pattern_that_backtracks_for_ever_is_run_without_it_from_the_second_try_on()
    {
        var told = new List<(string, bool)>();
        var slow = new SlowPatterns { Found = (rule, isOff) => told.Add((rule.Id, isOff)) };
        var rules = new[] { Rule("slow", @"^evil (\w+\s?)*$"), Rule("off", @"^evil (?=a)(\w+\s?)*$"), Rule("good", "^evil a") };
        var matcher = new LogMatcher([], rules, slow);
        var hard = Encoding.UTF8.GetBytes("evil " + new string('a', 5000) + "!");
        var findings = new List<LogFinding>();
        matcher.Match(new LogLine(hard, LogOrigin.Kernel, 1), findings);
        Assert.Equal(["good"], findings.Select(finding => finding.Verdict.ProblemId));

        findings.Clear();
        matcher.Match(new LogLine("evil aaaa"u8, LogOrigin.Kernel, 2), findings);

        Assert.Equal(["slow", "good"], findings.Select(finding => finding.Verdict.ProblemId).OrderDescending());
        Assert.Equal([("slow", false), ("off", false), ("off", true)], told);
        Assert.Equal(2, slow.Timeouts);
        Assert.Equal(["slow", "off"], slow.Ids);
        Assert.Equal(["slow", "off"], SlowRules.Find(rules).Select(rule => rule.Id));
    }

    [Fact]
    public void At_most_eight_patterns_without_backtracking_are_kept_and_all_of_them_still_match()
    {
        var matcher = new LogMatcher([], [.. Enumerable.Range(0, 10).Select(at => Rule($"r{at}", $@"^evil{at} (\w+\s?)*$"))], new SlowPatterns());
        var findings = new List<LogFinding>();
        for (var round = 0; round < 3; round++)
        {
            for (var at = 0; at < 10; at++)
                matcher.Match(new LogLine(Encoding.UTF8.GetBytes($"evil{at} {new string('a', 40)}{(round == 0 ? "!" : "")}"), LogOrigin.Kernel, at), findings);
        }

        Assert.Equal(20, findings.Count);
    }

    [Fact]
    public void A_pattern_of_the_kernel_is_not_tried_on_a_process_s_line_and_the_other_way_round()
    {
        LogRule[] rules = [Rule("kernel", null), Rule("service", null) with { Origin = LogOrigin.Service }];
        var matcher = new LogMatcher([], rules, new SlowPatterns());

        foreach (var (origin, expected) in new[] { (LogOrigin.Kernel, "kernel"), (LogOrigin.Service, "service"), (LogOrigin.Unknown, "kernel,service") })
        {
            var findings = new List<LogFinding>();
            matcher.Match(new LogLine("an evil line"u8, origin, 1), findings);
            Assert.Equal(expected, string.Join(',', findings.Select(finding => finding.Verdict.ProblemId).Order()));
        }
    }

    [Fact]
    public void A_line_without_a_literal_allocates_nothing_and_one_of_a_megabyte_is_matched_by_its_beginning()
    {
        var matcher = LogCheck.Matcher(Rule("x", "^evil"));
        var findings = new List<LogFinding>();
        var line = "usb 1-1: new high-speed USB device number 2 using xhci_hcd"u8.ToArray();
        matcher.Match(new LogLine(line, LogOrigin.Kernel, 0), findings);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < 1000; at++)
            matcher.Match(new LogLine(line, LogOrigin.Kernel, at), findings);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        matcher.Match(new LogLine([.. "evil "u8, .. new byte[1 << 20]], LogOrigin.Kernel, 1), findings);
        Assert.InRange(Assert.Single(findings).Evidence.Length, 1, LogMatcher.LongestText);
    }

    private static LogRule Rule(string id, string? pattern) => new()
    {
        Id = id,
        Literals = ["evil"],
        Pattern = pattern,
        Severity = Severity.Info,
        Message = "m",
        Source = "test",
    };

    private static List<LogFinding> Match(IReadOnlyList<LogRule> rules, params string[] lines)
    {
        var matcher = new LogMatcher([], rules, new SlowPatterns());
        var findings = new List<LogFinding>();
        foreach (var line in lines)
            matcher.Match(new LogLine(Encoding.UTF8.GetBytes(line), LogOrigin.Kernel, 0), findings);
        return findings;
    }
}
