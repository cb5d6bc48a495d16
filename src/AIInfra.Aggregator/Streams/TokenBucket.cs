namespace AIInfra.Aggregator.Streams;

/// <summary>Lets so much through a second, and a burst at once. Not thread-safe.</summary>
internal sealed class TokenBucket(double perSecond, double burst, TimeProvider time)
{
    private double _spent;
    private long _at = time.GetTimestamp();

    /// <summary>Takes it in any case; what was too much is paid by waiting.</summary>
    /// <returns>How long to wait; zero within the bounds.</returns>
    public TimeSpan Take(double amount)
    {
        var now = time.GetTimestamp();
        _spent = Math.Max(0, _spent - (time.GetElapsedTime(_at, now).TotalSeconds * perSecond)) + amount;
        _at = now;
        return _spent <= burst ? TimeSpan.Zero : TimeSpan.FromSeconds((_spent - burst) / perSecond);
    }
}
