using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.UnitTests.Npd;

/// <summary>Conditions, events, counters and problems out of matches and plugins' ends.</summary>
public sealed class NpdBoardTests
{
    private const string Log = """
        { "plugin": "kmsg", "source": "kernel-monitor", "lookback": "5m",
          "conditions": [ { "type": "KernelDeadlock", "reason": "KernelHasNoDeadlock", "message": "fine" } ],
          "rules": [ { "type": "temporary", "reason": "OOMKilling", "pattern": "Killed process .*" },
                     { "type": "permanent", "condition": "KernelDeadlock", "reason": "DockerHung", "pattern": "docker hung.*" },
                     { "type": "permanent", "condition": "KernelDeadlock", "reason": "AUFSHung", "pattern": "aufs hung.*" } ] }
        """;
    private const string Plugin = """
        { "plugin": "custom", "source": "ntp-monitor", "pluginConfig": {},
          "conditions": [ { "type": "NTPProblem", "reason": "NTPIsUp", "message": "ntp is up" } ],
          "rules": [ { "type": "temporary", "reason": "NTPOnce", "path": "/bin/true" },
                     { "type": "permanent", "condition": "NTPProblem", "reason": "NTPIsDown", "path": "/bin/true" } ] }
        """;

    private static (NpdPluginMonitor Monitor, NpdPluginRule Temporary, NpdPluginRule Permanent) Rules(NpdText npd) =>
        (npd.Configuration.Plugins[0], npd.Configuration.Plugins[0].PluginRules[0], npd.Configuration.Plugins[0].PluginRules[1]);

    private static long Counter(NpdText npd, string reason) => npd.Board.Counters.Reasons.Single(counter => counter.Reason == reason).Value;

    private static int Gauge(NpdText npd, string type, string reason) => npd.Board.Counters.Gauges.Single(gauge => gauge.Type == type && gauge.Reason == reason).Value;

    [Fact]
    public void A_match_is_a_problem_too()
    {
        using var npd = new NpdText(Log);

        npd.Line("Killed process 1");
        npd.Line("Killed process 2");
        npd.Line("docker hung");

        Assert.Equal(
            [("npd.OOMKilling", Severity.Info, 2L, ClearingKind.Quiet), ("npd.KernelDeadlock.DockerHung", Severity.Degraded, 1L, ClearingKind.Quiet)],
            npd.Health.Current.Value.Problems.Select(problem => (problem.Id, problem.Severity, problem.Count, problem.Clearing.Kind)));
    }

    [Fact]
    public void Counters_count_events_and_of_a_type_one_gauge_is_one()
    {
        using var npd = new NpdText(Log);
        Assert.Equal((0, 0, -1), (Gauge(npd, "KernelDeadlock", "DockerHung"), Gauge(npd, "KernelDeadlock", "AUFSHung"), Gauge(npd, "KernelDeadlock", "KernelHasNoDeadlock")));

        npd.Lines("docker hung", "docker hung", "Killed process 1", "Killed process 2", "aufs hung");

        Assert.Equal((2, 1, 1), (Counter(npd, "OOMKilling"), Counter(npd, "DockerHung"), Counter(npd, "AUFSHung")));
        Assert.Equal((0, 1), (Gauge(npd, "KernelDeadlock", "DockerHung"), Gauge(npd, "KernelDeadlock", "AUFSHung")));
    }

    [Fact]
    public void A_condition_survives_a_restart_of_the_agent_but_not_a_boot()
    {
        using var before = new NpdText(Log);
        before.Line("docker hung at noon");
        var since = before.Condition("KernelDeadlock").Since;

        using var restarted = new NpdText(Log, restored: before.Health.Current.Value.Problems);
        using var booted = new NpdText(Log, boot: "boot-2", restored: before.Health.Current.Value.Problems);

        var kept = restarted.Condition("KernelDeadlock");
        Assert.Equal((NpdStatus.True, "DockerHung", "docker hung at noon", since), (kept.Status, kept.Reason, kept.Message, kept.Since));
        Assert.Equal(1, Gauge(restarted, "KernelDeadlock", "DockerHung"));
        Assert.Empty(restarted.Events);
        Assert.Equal(NpdStatus.False, booted.Condition("KernelDeadlock").Status);
    }

    [Fact]
    public void A_condition_turns_back_when_its_problem_is_cleared()
    {
        using var npd = new NpdText(Log);
        npd.Line("docker hung");
        npd.Board.Settle();
        Assert.Equal(NpdStatus.True, npd.Condition("KernelDeadlock").Status);

        npd.Health.Clear("npd.KernelDeadlock.DockerHung", Subject.Node);
        npd.Time.Advance(TimeSpan.FromMinutes(1));
        npd.Board.Settle();

        var over = npd.Condition("KernelDeadlock");
        Assert.Equal((NpdStatus.False, "KernelHasNoDeadlock", "fine", npd.Time.GetUtcNow()), (over.Status, over.Reason, over.Message, over.Since));
        Assert.False(npd.Snapshot.Events[^1].IsWarning);
        Assert.Equal(0, Gauge(npd, "KernelDeadlock", "DockerHung"));
    }

    [Fact]
    public void A_condition_of_a_plugin_follows_its_exit_code()
    {
        using var npd = new NpdText(Plugin);
        var (monitor, _, rule) = Rules(npd);

        npd.Board.Ended(monitor, rule, NpdStatus.True, "offset 3 s");
        var bad = npd.Condition("NTPProblem");
        npd.Board.Ended(monitor, rule, NpdStatus.True, "offset 4 s");
        var still = npd.Condition("NTPProblem");
        npd.Board.Ended(monitor, rule, NpdStatus.Unknown, "no answer");
        var unknown = npd.Condition("NTPProblem");
        npd.Board.Ended(monitor, rule, NpdStatus.Unknown, "still none");
        npd.Board.Ended(monitor, rule, NpdStatus.False, "ok");
        var good = npd.Condition("NTPProblem");

        Assert.Equal((NpdStatus.True, "NTPIsDown", "offset 3 s"), (bad.Status, bad.Reason, bad.Message));
        Assert.Equal(bad, still);
        Assert.Equal((NpdStatus.Unknown, "NTPIsUp", "no answer"), (unknown.Status, unknown.Reason, unknown.Message));
        Assert.Equal((NpdStatus.False, "NTPIsUp", "ntp is up"), (good.Status, good.Reason, good.Message));
        Assert.Equal([true, false, false], npd.Snapshot.Events.Select(step => step.IsWarning));
        Assert.Equal(1, Counter(npd, "NTPIsDown"));
        Assert.Empty(npd.Health.Current.Value.Problems);
        Assert.Equal((0, 0), (Gauge(npd, "NTPProblem", "NTPIsDown"), Gauge(npd, "NTPProblem", "NTPIsUp")));
    }

    [Fact]
    public void A_changed_message_counts_only_where_the_file_asks_for_it()
    {
        using var npd = new NpdText(Plugin.Replace("\"pluginConfig\": {}", "\"pluginConfig\": { \"enable_message_change_based_condition_update\": true }", StringComparison.Ordinal));
        var (monitor, _, rule) = Rules(npd);

        npd.Board.Ended(monitor, rule, NpdStatus.True, "offset 3 s");
        npd.Board.Ended(monitor, rule, NpdStatus.True, "offset 4 s");

        Assert.Equal("offset 4 s", npd.Condition("NTPProblem").Message);
    }

    [Fact]
    public void A_temporary_plugin_tells_unless_all_is_well()
    {
        using var npd = new NpdText(Plugin);
        var (monitor, rule, _) = Rules(npd);

        npd.Board.Ended(monitor, rule, NpdStatus.False, "fine");
        npd.Board.Ended(monitor, rule, NpdStatus.True, "slow");
        npd.Board.Ended(monitor, rule, NpdStatus.Unknown, "hangs");

        Assert.Equal(["NTPOnce: slow", "NTPOnce: hangs"], npd.Events);
        Assert.Equal(2, Counter(npd, "NTPOnce"));
    }

    [Fact]
    public void The_first_status_may_be_held_back()
    {
        using var npd = new NpdText(Plugin.Replace("\"pluginConfig\": {}", "\"pluginConfig\": { \"skip_initial_status\": true }", StringComparison.Ordinal));
        var (monitor, _, rule) = Rules(npd);
        Assert.Empty(npd.Snapshot.Conditions);

        npd.Board.Ended(monitor, rule, NpdStatus.True, "offset 3 s");

        Assert.Equal(NpdStatus.True, npd.Condition("NTPProblem").Status);
    }

    [Fact]
    public void A_storm_keeps_the_last_events_and_their_numbers()
    {
        using var npd = new NpdText(Log);

        for (var at = 1; at <= 1000; at++)
            npd.Line($"Killed process {at}");

        npd.Health.PublishWithheld();
        Assert.Equal(NpdBoard.EventsKept, npd.Snapshot.Events.Length);
        Assert.Equal((1000L, "Killed process 1000"), (npd.Snapshot.Events[^1].Number, npd.Snapshot.Events[^1].Message));
        Assert.Equal(1000, Counter(npd, "OOMKilling"));
        Assert.Equal(1000, Assert.Single(npd.Health.Current.Value.Problems).Count);
    }

    [Fact]
    public void A_condition_that_its_log_repeats_while_it_is_so_ends_by_silence_and_another_lasts_until_the_boot()
    {
        using var npd = new NpdText(Log);
        npd.Line("docker hung");
        npd.Time.Advance(TimeSpan.FromHours(1));
        npd.Health.ExpireQuiet();
        npd.Board.Settle();
        Assert.Equal(NpdStatus.False, npd.Condition("KernelDeadlock").Status);

        npd.Line("aufs hung");
        npd.Time.Advance(TimeSpan.FromDays(2));
        npd.Health.ExpireQuiet();
        npd.Board.Settle();

        Assert.Equal(NpdStatus.True, npd.Condition("KernelDeadlock").Status);
    }

    [Fact]
    public void Explain_says_which_file_and_rule_made_a_problem_and_how_it_ends()
    {
        using var npd = new NpdText(Log);

        var text = npd.Configuration.Explain("npd.KernelDeadlock.DockerHung");

        Assert.Contains("monitor.json:4:", text!.Meaning.English, StringComparison.Ordinal);
        Assert.Contains("\"docker hung.*\"", text.Meaning.Chinese, StringComparison.Ordinal);
        Assert.Equal((Severity.Degraded, Clearing.AfterQuiet(TimeSpan.FromHours(1))), (text.Severity, text.Clearing));
        Assert.Null(npd.Configuration.Explain("npd.Nothing"));
    }
}
