using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Probes;

public sealed class ProbeTrackerTests
{
    private static readonly Subject Mount = new(SubjectKind.Mount, "nas-7");

    private readonly ManualTime _time = new();
    private readonly HealthBoard _health;
    private readonly ProbeDefinition _definition = new("mounts", "", TimeSpan.FromMinutes(1), _ => throw new InvalidOperationException("never created")) { Problems = ["mount.nfs"], BadToRaise = 2, GoodToClear = 2 };
    private readonly ProbeTracker _tracker;

    public ProbeTrackerTests()
    {
        _health = new HealthBoard(_time, "boot", []);
        _tracker = new ProbeTracker(_definition, _health, _time);
    }

    private Problem? Standing => _health.Current.Value.Problems.SingleOrDefault();

    private void Look(params ProbeResult[] results) => Look(_tracker, results);

    private void Look(ProbeTracker tracker, params ProbeResult[] results)
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        tracker.Take(new ProbeReport("mounts", ProbeState.Done, null, TimeSpan.FromMinutes(1), _time.GetUtcNow(), default, [.. results]));
    }

    private static ProbeResult Bad(string message = "does not answer", Severity severity = Severity.Degraded) =>
        ProbeResult.Problem("mount.nfs", Mount, severity, Cause.Host, SuggestedAction.Observe, message, "5 s without an answer");

    private static ProbeResult Good => ProbeResult.Healthy("mount.nfs", Mount, "answered in 2 ms");
    private static ProbeResult Unknown => ProbeResult.Unknown("mount.nfs", Mount, "could not be asked");

    private ProbeReport Broken(ProbeState state) => new("mounts", state, "why", TimeSpan.FromMinutes(1), _time.GetUtcNow(), default, []);

    [Fact]
    public void A_problem_is_raised_after_so_many_bad_looks_in_a_row_and_cleared_after_so_many_good_ones()
    {
        Look(Bad());
        Look(Good);
        Look(Bad());
        Assert.Null(Standing);
        Look(Bad());
        Assert.Equal("5 s without an answer", Standing!.Evidence.Single());

        Look(Good);
        Look(Bad());
        Look(Good);
        Assert.NotNull(Standing);
        Look(Good);
        Assert.Null(Standing);
        Assert.Equal("over: probe mounts: answered in 2 ms", _health.Current.Value.Transitions[^1].Why);
    }

    [Fact]
    public void Nothing_is_concluded_from_an_unknown_answer_or_a_probe_that_is_broken()
    {
        Look(Bad());
        Look(Bad());
        for (var look = 0; look < 5; look++)
        {
            Look(Unknown);
            _tracker.Take(Broken(ProbeState.Hung));
            _tracker.Take(Broken(ProbeState.Failed));
        }

        Assert.NotNull(Standing);
    }

    [Fact]
    public void What_is_no_longer_there_is_over()
    {
        Look(Bad());
        Look(Bad());
        Look();
        Look();

        Assert.Null(Standing);
    }

    [Fact]
    public void A_state_that_lasts_is_one_sighting_and_a_reminder_now_and_then()
    {
        for (var look = 0; look < 30; look++)
            Look(Bad());

        Assert.InRange(Standing!.Count, 2, 4);
    }

    [Fact]
    public void What_gets_worse_is_told_at_once()
    {
        Look(Bad());
        Look(Bad());
        Look(Bad("was thrown out", Severity.Fatal));

        Assert.Equal((Severity.Fatal, "was thrown out"), (Standing!.Severity, Standing.Message));
    }

    [Fact]
    public void A_person_who_clears_it_is_told_again_while_it_lasts()
    {
        Look(Bad());
        Look(Bad());
        Assert.True(_health.Clear("mount.nfs", Mount));
        Look(Bad());

        Assert.NotNull(Standing);
    }

    [Fact]
    public void A_line_of_the_log_and_the_probe_are_one_problem_which_the_probe_clears()
    {
        _health.Report(FromLog());
        Look(Bad());
        Look(Bad());
        Assert.Equal(ClearingKind.HealthyReading, Standing!.Clearing.Kind);

        Look(Good);
        Look(Good);
        Assert.Null(Standing);
    }

    [Fact]
    public void A_problem_that_only_a_log_told_of_is_cleared_by_healthy_readings()
    {
        _health.Report(FromLog());
        Look(Good);
        Assert.NotNull(Standing);
        Look(Good);
        Assert.Null(Standing);
    }

    [Fact]
    public void A_reading_that_proves_nothing_to_others_leaves_what_a_log_told()
    {
        _health.Report(FromLog());
        for (var look = 0; look < 5; look++)
            Look(Good with { IsOwnOnly = true });

        Assert.NotNull(Standing);
    }

    [Fact]
    public void An_event_is_reported_each_time_and_ends_as_it_says()
    {
        Look(Bad() with { Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(24)) });
        Look(Bad() with { Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(24)) });
        for (var look = 0; look < 5; look++)
            Look(Good with { IsOwnOnly = true });

        Assert.Equal((2, ClearingKind.Quiet), (Standing!.Count, Standing.Clearing.Kind));
    }

    [Fact]
    public void A_probe_that_starts_anew_ends_what_it_raised_before()
    {
        Look(Bad());
        Look(Bad());
        using var later = new HealthBoard(_time, "boot", _health.Current.Value.Problems);
        var tracker = new ProbeTracker(_definition, later, _time);

        Look(tracker);
        Look(tracker);

        Assert.Empty(later.Current.Value.Problems);
    }

    [Fact]
    public void A_problem_that_the_probe_did_not_declare_is_left_out()
    {
        Look(Bad() with { ProblemId = "other.id" });
        Look(Bad() with { ProblemId = "other.id" });

        Assert.Null(Standing);
    }

    private ProblemReport FromLog() => new()
    {
        Id = "mount.nfs",
        Subject = Mount,
        Severity = Severity.Degraded,
        Cause = Cause.Host,
        Action = SuggestedAction.Observe,
        Clearing = Clearing.AfterQuiet(TimeSpan.FromHours(1)),
        Message = "An NFS server does not answer.",
        Evidence = "nfs: server nas-7 not responding, still trying",
        At = _time.GetUtcNow(),
        Witness = "kernel log",
    };
}
