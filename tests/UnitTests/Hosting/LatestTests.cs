using AIInfra.Core.Hosting;

namespace AIInfra.UnitTests.Hosting;

public sealed class LatestTests : IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public void A_wait_for_what_is_no_longer_newest_is_over_at_once()
    {
        var latest = new Latest<string>("first");
        latest.Publish("second");

        Assert.True(latest.WaitForChangeAsync("first", _deadline.Token).IsCompletedSuccessfully);
        Assert.False(latest.WaitForChangeAsync(latest.Value, _deadline.Token).IsCompleted);
    }

    [Fact]
    public async Task Every_waiting_reader_is_woken_by_one_publication()
    {
        var latest = new Latest<string>("first");
        var waits = Enumerable.Range(0, 3).Select(_ => latest.WaitForChangeAsync(latest.Value, _deadline.Token)).ToArray();

        latest.Publish("second");

        await Task.WhenAll(waits);
        Assert.Equal("second", latest.Value);
    }

    [Fact]
    public async Task A_reader_sees_the_newest_value_and_never_a_backlog()
    {
        var latest = new Latest<string>("0");
        await using var reader = latest.WatchAsync(_deadline.Token).GetAsyncEnumerator(_deadline.Token);
        Assert.True(await reader.MoveNextAsync());

        for (var value = 1; value <= 100; value++)
            latest.Publish($"{value}");

        Assert.True(await reader.MoveNextAsync());
        Assert.Equal("100", reader.Current);
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_ends()
    {
        using var stop = new CancellationTokenSource();
        var latest = new Latest<string>("first");
        var wait = latest.WaitForChangeAsync(latest.Value, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }
}
