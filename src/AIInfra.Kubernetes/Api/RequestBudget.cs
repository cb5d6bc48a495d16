namespace AIInfra.Kubernetes.Api;

/// <summary>How often the client may ask: a token bucket, with a few tokens kept back for what is urgent, and closed while the server asks to be left alone.</summary>
/// <param name="perSecond">Tokens that come back a second.</param>
/// <param name="burst">Tokens at most.</param>
public sealed class RequestBudget(double perSecond, int burst, TimeProvider time)
{
    /// <summary>Ordinary requests leave this many tokens.</summary>
    private const int Reserve = 2;

    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _counted = time.GetTimestamp();
    private long? _closedUntil;

    /// <summary>In any second at most ten requests: five at once and five that come back.</summary>
    public static RequestBudget ForAgent(TimeProvider time) => new(5, 5, time);

    /// <summary>Takes a token; waits for one where needed.</summary>
    /// <param name="isUrgent">May use the tokens that are kept back.</param>
    public async Task TakeAsync(bool isUrgent, CancellationToken cancellationToken)
    {
        while (TryTake(isUrgent) is { } wait)
            await Task.Delay(wait, time, cancellationToken);
    }

    /// <summary>The server asked to be left alone for a while (Retry-After).</summary>
    public void Close(TimeSpan duration)
    {
        lock (_gate)
        {
            var until = time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency);
            if (_closedUntil is not { } other || other < until)
                _closedUntil = until;
        }
    }

    /// <returns>Null when taken; else how long to wait before asking again.</returns>
    private TimeSpan? TryTake(bool isUrgent)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (_closedUntil is { } until)
            {
                if (now < until)
                    return AtLeast(time.GetElapsedTime(now, until));
                _closedUntil = null;
            }
            _tokens = Math.Min(burst, _tokens + time.GetElapsedTime(_counted, now).TotalSeconds * perSecond);
            _counted = now;
            var needed = isUrgent ? 1 : 1 + Math.Min(Reserve, burst - 1);
            if (_tokens + 1e-6 < needed)
                return AtLeast(TimeSpan.FromSeconds((needed - _tokens) / perSecond));
            _tokens -= 1;
            return null;
        }
    }

    private static TimeSpan AtLeast(TimeSpan wait) => wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait;
}
