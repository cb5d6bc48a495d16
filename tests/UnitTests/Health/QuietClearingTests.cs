using AIInfra.Core.Health;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Health;

public sealed class QuietClearingTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private readonly ManualTime _time = new();

    private ProblemReport Sighting(string id, double quietSeconds, TimeSpan ago = default) => new()
    {
        Id = id,
        Subject = Subject.Node,
        Severity = Severity.Degraded,
        Cause = Cause.Host,
        Action = SuggestedAction.Observe,
        Clearing = Clearing.AfterQuiet(TimeSpan.FromSeconds(quietSeconds)),
        Message = "",
        Evidence = "",
        At = _time.GetUtcNow() - ago,
    };

    private HealthBoard Board(params Problem[] restored) => new(_time, "boot", restored);

    [Fact]
    public void A_problem_clears_after_its_quiet_spell_counted_from_its_last_sighting()
    {
        var board = Board();
        board.Report(Sighting("oom", 60));
        Assert.Equal(TimeSpan.FromSeconds(60), board.ExpireQuiet());

        _time.Advance(TimeSpan.FromSeconds(59));
        board.Report(Sighting("oom", 60));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(TimeSpan.FromSeconds(1), board.ExpireQuiet());
        Assert.Single(board.Current.Value.Problems);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(board.ExpireQuiet());
        Assert.Empty(board.Current.Value.Problems);
        Assert.Equal("quiet for long enough", board.Current.Value.Transitions[^1].Why);
    }

    [Fact]
    public void The_next_expiry_is_the_nearest_of_those_left()
    {
        var board = Board();
        board.Report(Sighting("slow", 60));
        board.Report(Sighting("fast", 20));

        _time.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(TimeSpan.FromSeconds(40), board.ExpireQuiet());
        Assert.Equal("slow", board.Current.Value.Problems.Single().Id);
    }

    [Fact]
    public void An_old_line_read_late_has_its_spell_counted_from_when_it_happened()
    {
        var board = Board();
        board.Report(Sighting("oom", 60, ago: TimeSpan.FromSeconds(45)));

        Assert.Equal(TimeSpan.FromSeconds(15), board.ExpireQuiet());
    }

    [Fact]
    public void A_line_from_the_future_counts_as_seen_now()
    {
        var board = Board();
        board.Report(Sighting("oom", 60, ago: TimeSpan.FromDays(-1)));

        Assert.Equal(TimeSpan.FromSeconds(60), board.ExpireQuiet());
    }

    [Fact]
    public void A_restart_of_the_agent_does_not_start_the_spell_again()
    {
        var before = Board();
        before.Report(Sighting("oom", 60));
        _time.Advance(TimeSpan.FromSeconds(50));

        var after = Board([.. before.Current.Value.Problems]);

        Assert.Equal(TimeSpan.FromSeconds(10), after.ExpireQuiet());
    }

    [Fact]
    public async Task The_worker_clears_when_it_is_due_and_ends_when_cancelled()
    {
        using var stop = new CancellationTokenSource(Deadline);
        var board = Board();
        board.Report(Sighting("oom", 60));
        var worker = new QuietClearing(board, _time).RunAsync(stop.Token);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(60));

        board.Report(Sighting("soft lockup", 10)); // due before the one that it waits for
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(10));
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(50));
        Assert.Equal("oom", board.Current.Value.Problems.Single().Id);

        var seen = board.Current.Value;
        _time.Advance(TimeSpan.FromSeconds(50));
        await board.Current.WaitForChangeAsync(seen, stop.Token);
        Assert.Empty(board.Current.Value.Problems);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker);
    }
}
