using AIInfra.Core.Health.Npd;

namespace AIInfra.UnitTests.Npd;

/// <summary>The rules of a log monitor over its ring of lines.</summary>
public sealed class LineMatcherTests
{
    private static string Monitor(string rules, int buffer = 10, string more = "") => $$"""
        { "plugin": "kmsg", "source": "test-monitor", "bufferSize": {{buffer}}, "lookback": "5m",{{more}}
          "conditions": [ { "type": "Deadlock", "reason": "NoDeadlock", "message": "all threads run" } ],
          "rules": [ {{rules}} ] }
        """;

    private static string Temporary(string reason, string pattern) =>
        $$"""{ "type": "temporary", "reason": "{{reason}}", "pattern": "{{pattern.Replace(@"\", @"\\", StringComparison.Ordinal)}}" }""";

    private static string Permanent(string reason, string pattern) =>
        $$"""{ "type": "permanent", "condition": "Deadlock", "reason": "{{reason}}", "pattern": "{{pattern}}" }""";

    [Fact]
    public void An_unanchored_branch_fires_again_for_each_line_while_it_is_in_the_ring()
    {
        using var monitor = new NpdText(Monitor(Temporary("Greek", "alpha|beta.*"), buffer: 3));

        monitor.Lines("one alpha one", "two", "three", "four");

        Assert.Equal(["Greek: one alpha one", "Greek: one alpha one\ntwo", "Greek: one alpha one\ntwo\nthree"], monitor.Events);
    }

    [Fact]
    public void A_pattern_spans_lines_and_takes_all_from_where_it_begins()
    {
        using var monitor = new NpdText(Monitor(Temporary("Trace", @"call trace:\n.*foo.*\n.*bar.*")));

        monitor.Lines("before", "the call trace:", " foo+0x1", " bar+0x2", "after");

        Assert.Equal(["Trace: the call trace:\n foo+0x1\n bar+0x2"], monitor.Events);
    }

    [Fact]
    public void A_line_that_fell_out_of_the_ring_is_no_part_of_a_match()
    {
        using var monitor = new NpdText(Monitor(Temporary("Trace", @"(?s)begin.*end"), buffer: 3));

        monitor.Lines("begin", "1", "end", "begin", "1", "2", "end");

        Assert.Equal(["Trace: begin\n1\nend"], monitor.Events);
    }

    [Fact]
    public void A_caret_is_the_beginning_of_the_whole_ring()
    {
        using var wide = new NpdText(Monitor(Temporary("Start", "^delta.*"), buffer: 3));
        using var narrow = new NpdText(Monitor(Temporary("Start", "^delta.*"), buffer: 1));

        wide.Lines("delta 1", "delta 2");
        narrow.Lines("delta 1", "x delta 2");

        Assert.Empty(wide.Events);
        Assert.Equal(["Start: delta 1"], narrow.Events);
    }

    [Fact]
    public void Lines_from_before_the_start_do_not_count()
    {
        using var monitor = new NpdText(Monitor(Temporary("Oom", "Killed process .*")));

        monitor.Line("Killed process 1", age: TimeSpan.FromMinutes(6));
        monitor.Line("Killed process 2", age: TimeSpan.FromMinutes(4));

        Assert.Equal(["Oom: Killed process 2"], monitor.Events);
    }

    [Fact]
    public void The_dictionary_of_a_record_does_not_hide_its_text_and_may_itself_match()
    {
        using var monitor = new NpdText(Monitor($"{Temporary("Text", "link down")}, {Temporary("Device", "DEVICE=.pci:0000:3b.*")}"));

        monitor.Line("mlx5_core: link down", " SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0");

        Assert.Equal(["Text: mlx5_core: link down", "Device: mlx5_core: link down\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0"], monitor.Events);
    }

    [Fact]
    public void Every_rule_is_tried_in_the_order_of_the_file()
    {
        using var monitor = new NpdText(Monitor($"{Temporary("Second", "oops.*")}, {Temporary("First", ".*oops 7")}, {Temporary("Not", "oops")}"));

        monitor.Line("kernel oops 7");

        Assert.Equal(["Second: kernel oops 7", "First: kernel oops 7"], monitor.Events);
    }

    [Fact]
    public void A_condition_rises_once_and_changes_with_its_reason_only()
    {
        using var monitor = new NpdText(Monitor($"{Permanent("DockerHung", "docker hung.*")}, {Permanent("OtherHung", "other hung.*")}"));
        var start = monitor.Condition("Deadlock");
        monitor.Time.Advance(TimeSpan.FromSeconds(30));

        monitor.Line("docker hung 1");
        var risen = monitor.Condition("Deadlock");
        monitor.Time.Advance(TimeSpan.FromSeconds(30));
        monitor.Line("docker hung 2");
        var repeated = monitor.Condition("Deadlock");
        monitor.Line("other hung");

        Assert.Equal((NpdStatus.False, "NoDeadlock", "all threads run"), (start.Status, start.Reason, start.Message));
        Assert.Equal((NpdStatus.True, "DockerHung", "docker hung 1"), (risen.Status, risen.Reason, risen.Message));
        Assert.Equal(start.Since + TimeSpan.FromSeconds(30), risen.Since);
        Assert.Equal(risen, repeated);
        Assert.Equal("OtherHung", monitor.Condition("Deadlock").Reason);
        Assert.Equal(2, monitor.Events.Count);
    }

    [Fact]
    public void A_suffix_follows_the_message()
    {
        using var monitor = new NpdText(Monitor("""{ "type": "temporary", "reason": "Oom", "pattern": "Killed .*", "patternGeneratedMessageSuffix": "add memory" }"""));

        monitor.Line("Killed 5");

        Assert.Equal(["Oom: Killed 5; add memory"], monitor.Events);
    }

    [Fact]
    public void A_permanent_rule_without_its_condition_does_nothing()
    {
        using var monitor = new NpdText(Monitor("""{ "type": "permanent", "condition": "Unheard", "reason": "X", "pattern": "x.*" }"""));

        monitor.Line("x");

        Assert.Empty(monitor.Events);
        Assert.Empty(monitor.Health.Current.Value.Problems);
    }

    [Fact]
    public void A_line_that_holds_no_literal_allocates_nothing()
    {
        using var monitor = new NpdText(Monitor($"{Temporary("A", "EXT4-fs error .*")}, {Temporary("B", @"call trace:\n.*foo.*")}"));
        for (var at = 0; at < 100; at++)
            monitor.Line("an ordinary line of the kernel");
        var line = "an ordinary line of the kernel"u8.ToArray();
        var matcher = new Core.Health.Npd.Logs.LineMatcher(monitor.Configuration.Logs.Select(log => (log, DateTimeOffset.MinValue)), monitor.Board, new Core.Health.Logs.SlowPatterns());
        for (var at = 0; at < 100; at++)
            matcher.Match(new Core.Health.Npd.Logs.NpdLine(line, DateTimeOffset.UnixEpoch));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var at = 0; at < 1000; at++)
            matcher.Match(new Core.Health.Npd.Logs.NpdLine(line, DateTimeOffset.UnixEpoch));

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_pattern_that_would_backtrack_for_ever_still_answers()
    {
        using var monitor = new NpdText(Monitor(Temporary("Slow", "start (a+)+b")));

        monitor.Line("start " + new string('a', 4000));
        monitor.Line("start aaab");

        Assert.Equal(["Slow: start aaab"], monitor.Events);
    }
}
