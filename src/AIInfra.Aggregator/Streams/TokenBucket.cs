namespace AIInfra.Aggregator.Streams;

/// <summary>Lets so much through a second, and a burst at once. Not thread-safe.</summary>
internal sealed class TokenBucket(double perSecond, double burst, TimeProvider time)
{
    private double _left = burst;
    private long _at = time.GetTimestamp();

    /// <summary>Takes it in any case; what was too much is paid by waiting.</summary>
    /// <returns>How long to wait; zero within the bounds.</returns>
    public TimeSpan Take(double amount)
    {
        var now = time.GetTimestamp();
        _left = Math.Min(burst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * perSecond)) - amount;
        _at = now;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / perSecond);
    }
}
