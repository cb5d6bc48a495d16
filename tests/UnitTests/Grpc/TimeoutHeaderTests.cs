using AIInfra.Grpc.Wire;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Grpc;

public sealed class TimeoutHeaderTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("99999999S", 999_999_990_000_000)]
    [InlineData("250m", 2_500_000)]
    [InlineData("10u", 100)]
    [InlineData("100n", 1)]
    [InlineData("1n", 1)]
    [InlineData("0n", 0)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    public void Every_unit_is_read(string value, long ticks)
    {
        Assert.True(TimeoutHeader.TryParse(value, out var timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("10")]
    [InlineData("10s")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData(" 1S")]
    [InlineData("1 S")]
    [InlineData("1.5S")]
    [InlineData("100000000S")]
    public void Anything_else_is_refused(string value) => Assert.False(TimeoutHeader.TryParse(value, out _));

    [Theory]
    [InlineData(0, "0n")]
    [InlineData(-5, "0n")]
    [InlineData(1, "100n")]
    [InlineData(10_000_000, "1000000u")]
    [InlineData(long.MaxValue, "99999999H")]
    public void The_finest_unit_that_holds_it_is_written(long ticks, string value) =>
        Assert.Equal(value, TimeoutHeader.Format(TimeSpan.FromTicks(ticks)));

    [Fact]
    public void What_is_written_reads_back_no_shorter_and_hardly_longer() =>
        Prop.ForAll<long>(seed =>
        {
            var ticks = (seed & long.MaxValue) >> (int)(seed & 31);
            var sent = TimeSpan.FromTicks(Math.Min(ticks, TimeSpan.TicksPerHour * 99_999_999));
            var text = TimeoutHeader.Format(sent);
            return text.Length <= 9 && TimeoutHeader.TryParse(text, out var read) && read >= sent && (read - sent).Ticks <= sent.Ticks / 50_000 + 10;
        }).QuickCheckThrowOnFailure();
}
