using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Streams;
using AIInfra.Fleet;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Fleet;

public sealed class TokenBucketTests
{
    [Fact]
    public void A_burst_passes_and_what_is_beyond_it_waits_for_as_long_as_it_is_too_much()
    {
        var time = new ManualTime();
        var bucket = new TokenBucket(perSecond: 10, burst: 5, time);

        for (var one = 0; one < 5; one++)
            Assert.Equal(TimeSpan.Zero, bucket.Take(1));
        Assert.Equal(TimeSpan.FromSeconds(0.1), bucket.Take(1));
        Assert.Equal(TimeSpan.FromSeconds(0.2), bucket.Take(1));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.Zero, bucket.Take(5));
        Assert.True(bucket.Take(1) > TimeSpan.Zero, "An idle minute saves up no more than the burst.");
    }

    [Theory]
    [InlineData("fleet.example", "https://fleet.example:9443/")]
    [InlineData("fleet.example:443", "https://fleet.example/")]
    [InlineData("https://10.0.0.1:9000", "https://10.0.0.1:9000/")]
    [InlineData("[::1]:9443", "https://[::1]:9443/")]
    [InlineData("http://fleet.example", null)]
    [InlineData("https://user@fleet.example", null)]
    [InlineData("fleet.example/path", null)]
    [InlineData("a b", null)]
    public void The_aggregators_address_is_a_host_and_perhaps_a_port(string text, string? address) => Assert.Equal(address, FleetOptions.ParseAddress(text)?.ToString());

    [Fact]
    public void A_reader_of_the_feed_that_fell_behind_is_told()
    {
        var feed = new ChangeFeed(new ManualTime());
        var start = feed.Newest;
        for (var number = 0; number < 3000; number++)
            feed.Publish(new NodeChange($"n{number}", null, null));
        var read = new List<(long Number, NodeChange Change)>();

        Assert.False(feed.TryRead(start + 100, 10, read));
        Assert.True(feed.TryRead(start + 2990, 100, read));
        Assert.Equal((10, start + 2991, "n2999"), (read.Count, read[0].Number, read[^1].Change.Node));
        Assert.False(feed.TryRead(start + 3001, 10, read));
    }

    [Fact]
    public void A_number_of_the_run_before_is_not_taken_for_one_of_this()
    {
        var time = new ManualTime();
        var before = new ChangeFeed(time);
        for (var number = 0; number < 5; number++)
            before.Publish(new NodeChange($"n{number}", null, null));
        time.Advance(TimeSpan.FromSeconds(1));
        var feed = new ChangeFeed(time);
        for (var number = 0; number < 50; number++)
            feed.Publish(new NodeChange($"m{number}", null, null));

        Assert.False(feed.TryRead(before.Newest, 10, []));
        Assert.False(before.TryRead(feed.Newest, 10, []));
        Assert.False(feed.TryRead(0, 10, []));
    }
}
