using AIInfra.Core.Health;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Health;

/// <summary>A problem that comes and goes too often stays, so that its device does not.</summary>
public sealed class FlappingTests
{
    private static readonly Subject Gpu = Subject.Device("GPU-0");
    private readonly ManualTime _time = new();
    private HealthBoard _board;

    public FlappingTests() => _board = new HealthBoard(_time, "boot", []);

    private bool IsHealthy => _board.Current.Value.IsHealthy("GPU-0");
    private Problem Standing => Assert.Single(_board.Current.Value.Problems);

    private void Report(Clearing? clearing = null, TimeSpan? window = null) => _board.Report(new ProblemReport
    {
        Id = "hot",
        Subject = Gpu,
        Severity = Severity.Fatal,
        Cause = Cause.Hardware,
        Action = SuggestedAction.Drain,
        Clearing = clearing ?? Clearing.OnHealthyReading,
        Message = "It is too hot.",
        Evidence = "101 °C",
        At = _time.GetUtcNow(),
        FlapWindow = window,
    });

    private void ComeAndGo(int times, TimeSpan? window = null, double secondsApart = 30)
    {
        for (; times > 0; times--)
        {
            Report(window: window);
            _time.Advance(TimeSpan.FromSeconds(1));
            _board.ReportHealthy("hot", Gpu, "60 °C");
            _time.Advance(TimeSpan.FromSeconds(secondsApart));
        }
    }

    [Fact]
    public void The_fourth_return_within_the_window_is_held_until_it_was_quiet_for_the_window()
    {
        ComeAndGo(4);
        Assert.True(IsHealthy);

        Report();
        _board.ReportHealthy("hot", Gpu, "60 °C");

        Assert.False(IsHealthy);
        Assert.Equal("It is too hot. It came back 4 times within 10 min: it stays raised until it has been quiet for as long.", Standing.Message);
        Assert.Equal((4, "read healthy: 60 °C"), (Standing.Flaps, Standing.Over));

        Assert.Equal(TimeSpan.FromMinutes(10), _board.ExpireQuiet());
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(_board.ExpireQuiet());
        Assert.True(IsHealthy);
        Assert.Equal("read healthy: 60 °C; it came and went too often, and was held until it was quiet", _board.Current.Value.Transitions[^1].Why);
    }

    [Fact]
    public void A_sighting_while_it_is_held_starts_the_quiet_time_anew()
    {
        ComeAndGo(4);
        Report();
        _board.ReportHealthy("hot", Gpu, "60 °C");
        _time.Advance(TimeSpan.FromMinutes(9));

        Report();
        Assert.Null(Standing.Over);
        _time.Advance(TimeSpan.FromMinutes(9));
        _board.ReportHealthy("hot", Gpu, "60 °C");
        Assert.Equal(TimeSpan.FromMinutes(1), _board.ExpireQuiet());
        Assert.Single(_board.Current.Value.Transitions.Where(step => step.Kind == TransitionKind.Raised).TakeLast(1), step => step.Why.Contains("4 times", StringComparison.Ordinal));

        _time.Advance(TimeSpan.FromMinutes(1));
        _board.ReportHealthy("hot", Gpu, "59 °C"); // quiet for long enough: at once
        Assert.True(IsHealthy);
    }

    [Fact]
    public void Returns_that_are_far_apart_are_not_counted()
    {
        ComeAndGo(20, secondsApart: 200);

        Assert.True(IsHealthy);
    }

    [Fact]
    public void A_person_clears_it_at_once_and_it_starts_with_a_clean_slate()
    {
        ComeAndGo(4);
        Report();

        Assert.True(_board.Clear("hot", Gpu));

        Assert.True(IsHealthy);
        ComeAndGo(3);
        Assert.True(IsHealthy);
    }

    [Fact]
    public void What_a_person_switches_may_come_and_go_as_it_likes()
    {
        ComeAndGo(10, TimeSpan.Zero, secondsApart: 1);

        Assert.True(IsHealthy);
    }

    [Fact]
    public void One_that_ends_by_quiet_alone_is_held_for_the_longer_of_the_two_times()
    {
        var quiet = Clearing.AfterQuiet(TimeSpan.FromSeconds(5));
        for (var turn = 0; turn < 4; turn++)
        {
            Report(quiet);
            _time.Advance(TimeSpan.FromSeconds(5));
            _board.ExpireQuiet();
        }

        Report(quiet);

        Assert.Equal(TimeSpan.FromMinutes(10), _board.ExpireQuiet());
    }

    [Fact]
    public void A_restart_of_the_agent_neither_lets_go_of_a_held_one_nor_forgets_the_returns_before_it()
    {
        ComeAndGo(4);
        var before = _board.Current.Value;
        _board = new HealthBoard(_time, "boot", before.Problems, before.Transitions);

        Report();
        _board.ReportHealthy("hot", Gpu, "60 °C");
        Assert.False(IsHealthy);

        _board = new HealthBoard(_time, "boot", _board.Current.Value.Problems, _board.Current.Value.Transitions);
        Assert.Equal(TimeSpan.FromMinutes(10), _board.ExpireQuiet());
        Assert.False(IsHealthy);
    }
}
