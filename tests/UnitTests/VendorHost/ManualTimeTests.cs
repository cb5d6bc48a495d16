using AIInfra.Testing;

namespace AIInfra.UnitTests.VendorHost;

public sealed class ManualTimeTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_delay_ends_when_its_time_is_reached_and_not_before()
    {
        var delay = Task.Delay(TimeSpan.FromSeconds(5), _time, TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(4.999));
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await delay;
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_and_see_the_time_they_were_due_at()
    {
        var start = _time.GetUtcNow();
        var fired = new List<(string, double)>();
        using var late = _time.CreateTimer(_ => fired.Add(("late", (_time.GetUtcNow() - start).TotalSeconds)), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var beat = _time.CreateTimer(_ => fired.Add(("beat", (_time.GetUtcNow() - start).TotalSeconds)), null, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal([("beat", 2), ("late", 3), ("beat", 4)], fired);
        Assert.Equal([TimeSpan.FromSeconds(1)], _time.Waits);
    }

    [Fact]
    public async Task Who_waits_for_a_timer_is_told_when_it_is_set()
    {
        var set = _time.WhenWaitingAsync(TimeSpan.FromSeconds(7));
        using var other = _time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(8), Timeout.InfiniteTimeSpan);
        Assert.False(set.IsCompleted);

        using var wanted = _time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(7), Timeout.InfiniteTimeSpan);

        await set;
    }
}
