using AIInfra.Core.Health;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Health;

public sealed class HealthBoardTests
{
    private static readonly Subject Gpu = Subject.Device("GPU-0");
    private readonly ManualTime _time = new();

    private HealthBoard Board(string bootId = "boot-a", params Problem[] restored) => new(_time, bootId, restored);

    private ProblemReport Sighting(
        string id = "nvidia.xid.79", Severity severity = Severity.Fatal, Clearing? clearing = null, string evidence = "line", Subject? subject = null) => new()
        {
            Id = id,
            Subject = subject ?? Gpu,
            Severity = severity,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Reboot,
            Clearing = clearing ?? Clearing.OnBoot,
            Message = $"{id} was seen.",
            Evidence = evidence,
            At = _time.GetUtcNow(),
        };

    [Fact]
    public void A_fatal_problem_makes_its_device_unhealthy_and_only_that_one()
    {
        var board = Board();
        board.Report(Sighting());

        Assert.False(board.Current.Value.IsHealthy("GPU-0"));
        Assert.True(board.Current.Value.IsHealthy("GPU-1"));
        var problem = Assert.Single(board.Current.Value.Problems);
        Assert.Equal(("nvidia.xid.79", 1L, "boot-a"), (problem.Id, problem.Count, problem.BootId));
    }

    [Fact]
    public void A_degraded_problem_and_a_fatal_one_of_the_node_leave_devices_healthy()
    {
        var board = Board();
        board.Report(Sighting("nvidia.xid.63", Severity.Degraded));
        board.Report(Sighting("kernel.panic", subject: Subject.Node));

        Assert.True(board.Current.Value.IsHealthy("GPU-0"));
        Assert.True(board.Current.Value.IsHealthy(""));
    }

    [Fact]
    public void A_storm_is_one_problem_with_a_count_and_the_last_five_lines()
    {
        var board = Board();
        for (var line = 1; line <= 9; line++)
            board.Report(Sighting(evidence: $"line {line}"));
        _time.Advance(TimeSpan.FromMilliseconds(100)); // the last of them wait for the window's end

        var problem = Assert.Single(board.Current.Value.Problems);
        Assert.Equal(9, problem.Count);
        Assert.Equal(["line 5", "line 6", "line 7", "line 8", "line 9"], problem.Evidence);
    }

    [Fact]
    public void A_long_line_is_cut_to_512_characters_and_never_within_a_character()
    {
        var board = Board();
        board.Report(Sighting(evidence: new string('x', 600)));
        board.Report(Sighting(evidence: new string('x', 510) + "😀 and more"));

        Assert.All(board.Current.Value.Problems.Single().Evidence, line =>
        {
            Assert.InRange(line.Length, 500, 512);
            Assert.EndsWith("x…", line, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Who_watches_devices_only_is_not_woken_by_counts_and_by_what_leaves_devices_as_they_are()
    {
        var board = Board();
        board.Report(Sighting());
        var failed = board.Devices.Value;
        board.Report(Sighting(evidence: "again"));
        board.Report(Sighting("nvidia.xid.63", Severity.Degraded));
        board.Report(Sighting("nvidia.xid.48"));
        Assert.Same(failed, board.Devices.Value);
        Assert.False(failed.IsHealthy("GPU-0"));

        board.Clear("nvidia.xid.79", Subject.Device("GPU-0"));
        Assert.Same(failed, board.Devices.Value); // another fatal problem still stands on it
        board.Clear("nvidia.xid.48", Subject.Device("GPU-0"));
        Assert.True(board.Devices.Value.IsHealthy("GPU-0"));
        Assert.Same(board.Current.Value.Devices, board.Devices.Value);
    }

    [Fact]
    public void A_storm_of_repeats_publishes_a_few_times_at_once_and_the_rest_when_the_window_ends()
    {
        var board = Board();
        var publications = 0;
        HealthSnapshot? last = null;
        for (var report = 0; report < 10_000; report++)
        {
            board.Report(Sighting());
            if (!ReferenceEquals(last, board.Current.Value))
                publications++;
            last = board.Current.Value;
        }
        Assert.InRange(publications, 2, 20);

        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(10_000, board.Current.Value.Problems.Single().Count);
    }

    [Fact]
    public void A_new_problem_in_the_middle_of_a_storm_is_published_at_once()
    {
        var board = Board();
        for (var report = 0; report < 1000; report++)
            board.Report(Sighting());

        board.Report(Sighting("nvidia.xid.48", subject: Subject.Device("GPU-1")));

        Assert.False(board.Current.Value.IsHealthy("GPU-1"));
        Assert.Equal(1000, board.Current.Value.Problems[0].Count);
    }

    [Fact]
    public void The_higher_severity_stands_with_its_own_words_and_a_rise_is_published_at_once()
    {
        var board = Board();
        for (var report = 0; report < 100; report++)
            board.Report(Sighting(severity: Severity.Degraded));

        board.Report(Sighting(severity: Severity.Fatal) with { Message = "worse" });
        Assert.False(board.Current.Value.IsHealthy("GPU-0"));

        board.Report(Sighting(severity: Severity.Info, clearing: Clearing.AfterQuiet(TimeSpan.FromSeconds(1))) with { Message = "milder" });
        var problem = board.Current.Value.Problems.Single();
        Assert.Equal((Severity.Fatal, "worse", ClearingKind.Boot), (problem.Severity, problem.Message, problem.Clearing.Kind));
        Assert.Equal([TransitionKind.Raised, TransitionKind.Worsened], board.Current.Value.Transitions.Select(step => step.Kind));
    }

    [Fact]
    public void A_healthy_reading_clears_only_what_clears_by_a_healthy_reading()
    {
        var board = Board();
        board.Report(Sighting("hot", clearing: Clearing.OnHealthyReading));
        board.Report(Sighting("lost", clearing: Clearing.OnBoot));

        board.ReportHealthy("hot", Gpu, "41 °C");
        board.ReportHealthy("lost", Gpu, "answers");
        board.ReportHealthy("never raised", Gpu, "fine");

        Assert.Equal(["lost"], board.Current.Value.Problems.Select(problem => problem.Id));
        Assert.Equal("read healthy: 41 °C", board.Current.Value.Transitions[^1].Why);
    }

    [Fact]
    public void A_reset_clears_what_a_reset_clears_on_that_device_only()
    {
        var board = Board();
        board.Report(Sighting("xid 48", clearing: Clearing.OnReset));
        board.Report(Sighting("xid 48", clearing: Clearing.OnReset, subject: Subject.Device("GPU-1")));
        board.Report(Sighting("xid 79", clearing: Clearing.OnBoot));

        board.ReportReset(Gpu, "energy counter went back to 0");

        Assert.Equal(["GPU-1", "GPU-0"], board.Current.Value.Problems.Select(problem => problem.Subject.Id));
        Assert.Equal("xid 79", board.Current.Value.Problems[1].Id);
    }

    [Fact]
    public void An_answering_device_clears_what_an_earlier_boot_left_and_nothing_of_this_one()
    {
        var before = Board("boot-a");
        before.Report(Sighting("xid 79", clearing: Clearing.OnBoot));
        before.Report(Sighting("xid 48", clearing: Clearing.OnReset));
        before.Report(Sighting("row remap", clearing: Clearing.ByHand));
        before.ReportAnswering(Gpu);
        Assert.Equal(3, before.Current.Value.Problems.Length);

        var after = Board("boot-b", [.. before.Current.Value.Problems]);
        Assert.False(after.Current.Value.IsHealthy("GPU-0"));
        after.ReportAnswering(Gpu);

        Assert.Equal(["row remap"], after.Current.Value.Problems.Select(problem => problem.Id));
    }

    [Fact]
    public void A_problem_seen_again_after_the_boot_is_not_cleared_by_an_answer()
    {
        var before = Board("boot-a");
        before.Report(Sighting());
        var after = Board("boot-b", [.. before.Current.Value.Problems]);

        after.Report(Sighting());
        after.ReportAnswering(Gpu);

        Assert.Equal(2, after.Current.Value.Problems.Single().Count);
    }

    [Theory]
    [InlineData("", "boot-b")]
    [InlineData("boot-a", "")]
    [InlineData("", "")]
    public void Without_a_boot_id_on_both_sides_an_answer_clears_nothing(string then, string now)
    {
        var before = Board(then);
        before.Report(Sighting());
        var after = Board(now, [.. before.Current.Value.Problems]);

        after.ReportAnswering(Gpu);

        Assert.Single(after.Current.Value.Problems);
    }

    [Fact]
    public void Clearing_by_hand_says_whether_the_problem_stood()
    {
        var board = Board();
        board.Report(Sighting());

        Assert.False(board.Clear("nvidia.xid.79", Subject.Device("GPU-1")));
        Assert.True(board.Clear("nvidia.xid.79", Gpu));
        Assert.False(board.Clear("nvidia.xid.79", Gpu));
        Assert.True(board.Current.Value.IsHealthy("GPU-0"));
    }

    [Fact]
    public void Nothing_is_published_when_nothing_changed()
    {
        var board = Board();
        board.Report(Sighting());
        var seen = board.Current.Value;

        board.ReportHealthy("nvidia.xid.79", Gpu, "fine");
        board.ReportAnswering(Gpu);
        board.ReportReset(Gpu, "no");
        board.Clear("other", Gpu);
        board.ExpireQuiet();

        Assert.Same(seen, board.Current.Value);
    }

    [Fact]
    public void The_history_keeps_the_last_1000_steps_with_when_and_why()
    {
        var board = Board();
        for (var turn = 0; turn < 600; turn++)
        {
            board.Report(Sighting());
            board.Clear("nvidia.xid.79", Gpu);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var history = board.Current.Value.Transitions;
        Assert.Equal(HealthBoard.HistoryLength, history.Length);
        Assert.Equal((TransitionKind.Cleared, "cleared by hand"), (history[^1].Kind, history[^1].Why));
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromSeconds(1), history[^1].At);
    }

    [Fact]
    public void The_history_reaches_back_over_five_boots()
    {
        HealthTransition Step(string boot) => new(_time.GetUtcNow(), TransitionKind.Raised, "xid", Gpu, Severity.Fatal, boot) { BootId = boot };
        string[] boots = ["1", "2", "3", "4", "5", "6"];

        var board = new HealthBoard(_time, "6", [], [.. boots.Select(Step), .. boots.Select(Step)]);
        board.Report(Sighting());

        Assert.Equal(["2", "3", "4", "5", "6", "2", "3", "4", "5", "6", "6"], board.Current.Value.Transitions.Select(step => step.BootId));
    }

    [Fact]
    public void A_full_board_drops_the_oldest_info_then_degraded_and_counts_them()
    {
        var board = Board();
        board.Report(Sighting("degraded", Severity.Degraded, subject: Subject.Node));
        board.Report(Sighting("info", Severity.Info, subject: Subject.Node));
        for (var port = 0; port < ProblemTable.Limit - 2; port++)
            board.Report(Sighting("fatal", subject: new Subject(SubjectKind.Port, $"{port}")));

        board.Report(Sighting("first more", subject: Subject.Node));
        Assert.DoesNotContain(board.Current.Value.Problems, problem => problem.Id == "info");
        board.Report(Sighting("second more", subject: Subject.Node));
        Assert.DoesNotContain(board.Current.Value.Problems, problem => problem.Id == "degraded");

        board.Report(Sighting("worth less", Severity.Degraded, subject: Subject.Node));
        Assert.Equal(ProblemTable.Limit, board.Current.Value.Problems.Length);
        Assert.All(board.Current.Value.Problems, problem => Assert.Equal(Severity.Fatal, problem.Severity));
        Assert.Equal(3, board.Current.Value.Dropped);
    }

    [Fact]
    public void A_fatal_problem_of_a_device_is_taken_even_by_a_board_full_of_fatal_ones()
    {
        var board = Board();
        for (var port = 0; port < ProblemTable.Limit; port++)
            board.Report(Sighting("fatal", subject: new Subject(SubjectKind.Port, $"{port}")));

        board.Report(Sighting());

        Assert.False(board.Current.Value.IsHealthy("GPU-0"));
        Assert.Equal(ProblemTable.Limit + 1, board.Current.Value.Problems.Length);
    }

    [Fact]
    public async Task Reports_from_many_threads_are_all_counted()
    {
        var board = Board();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var report = 0; report < 2500; report++)
                board.Report(Sighting());
        })));
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal(10_000, board.Current.Value.Problems.Single().Count);
    }
}
