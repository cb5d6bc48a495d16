using AIInfra.Kubernetes.Api;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class ApiPaceTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void Waits_double_up_to_a_minute_with_full_jitter()
    {
        var backoff = Backoff.ForLoops(() => 0.5);

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 8).Select(_ => backoff.Next().TotalSeconds));
        backoff.Reset();
        Assert.Equal(0.5, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void What_the_server_asks_for_is_the_least_and_nobody_comes_back_at_the_same_moment()
    {
        Assert.True(Backoff.ForLoops(() => 0.9).Next(TimeSpan.FromSeconds(7)) > TimeSpan.FromSeconds(7.5));
        Assert.True(Backoff.ForLoops(() => 0).Next() > TimeSpan.Zero);
    }

    [Fact]
    public async Task No_second_holds_more_than_ten_requests()
    {
        var budget = RequestBudget.ForAgent(_time);
        var taken = 0;
        var ordinary = Enumerable.Range(0, 100).Select(_ => CountAsync(false)).ToList();
        var urgent = Enumerable.Range(0, 2).Select(_ => CountAsync(true)).ToList();

        for (var step = 0; step < 10; step++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5, TestContext.Current.CancellationToken); // continuations of the pool
        }

        Assert.InRange(taken, 5, 10);
        Assert.All(urgent, one => Assert.True(one.IsCompletedSuccessfully));
        Assert.Contains(ordinary, one => !one.IsCompleted);

        async Task CountAsync(bool isUrgent)
        {
            await budget.TakeAsync(isUrgent, TestContext.Current.CancellationToken);
            Interlocked.Increment(ref taken);
        }
    }

    [Fact]
    public async Task What_is_urgent_finds_a_token_in_a_storm()
    {
        var budget = RequestBudget.ForAgent(_time);
        for (var request = 0; request < 3; request++)
            Assert.True(budget.TakeAsync(false, TestContext.Current.CancellationToken).IsCompletedSuccessfully);
        Assert.False(budget.TakeAsync(false, TestContext.Current.CancellationToken).IsCompleted);

        await budget.TakeAsync(true, TestContext.Current.CancellationToken);
        await budget.TakeAsync(true, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_closed_budget_opens_when_the_servers_time_is_over()
    {
        var budget = RequestBudget.ForAgent(_time);
        budget.Close(TimeSpan.FromSeconds(10));
        budget.Close(TimeSpan.FromSeconds(2)); // the longer one holds

        var waiting = budget.TakeAsync(true, TestContext.Current.CancellationToken);
        await _time.WhenWaitingAsync(TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        await waiting;
    }
}
