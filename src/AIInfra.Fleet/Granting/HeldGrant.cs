using AIInfra.Core.Remediation;
using AIInfra.Fleet.V1;

namespace AIInfra.Fleet.Granting;

/// <summary>A grant of the aggregator, for as long as it lasts by this node's own monotonic clock, counted from before the aggregator gave it.</summary>
internal sealed class HeldGrant : IGrant
{
    /// <summary>The holder stops so much before others may start.</summary>
    private const double Margin = 0.1;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(200);

    private readonly FleetGrants _owner;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _lost = new(), _given = new();
    private readonly Lock _gate = new();
    private readonly ITimer _end;
    private readonly Task _renewing;
    private long _until;
    private TimeSpan _lifetime;
    private bool _isOver;

    /// <param name="sentAt">When the question was sent.</param>
    public HeldGrant(FleetGrants owner, string operation, V1.GrantAnswer answer, long sentAt, TimeProvider time)
    {
        (_owner, _time, Operation, Grant, Fence, Lost) = (owner, time, operation, answer.Grant, answer.Fence, _lost.Token);
        _end = time.CreateTimer(_ => LoseIfOver(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Extend(answer, sentAt);
        _renewing = RenewAsync(_given.Token); // awaited when it is given back
    }

    public string Operation { get; }
    public string Grant { get; }
    public ulong Fence { get; }
    public CancellationToken Lost { get; }

    public bool IsHeld
    {
        get
        {
            lock (_gate)
                return !_isOver && Left_NeedsLock() > TimeSpan.Zero;
        }
    }

    public void Lose()
    {
        lock (_gate)
        {
            if (_isOver)
                return;
            _isOver = true;
        }
        _lost.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
            _isOver = true;
        if (_given.IsCancellationRequested)
            return;
        await _given.CancelAsync();
        await _renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _end.DisposeAsync();
        _owner.Release(this);
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            lock (_gate)
            {
                if (_isOver)
                    return;
                wait = _lifetime / 3;
            }
            await Task.Delay(wait > ShortestWait ? wait : ShortestWait, _time, cancellationToken);
            var sentAt = _time.GetTimestamp();
            var answer = await _owner.SendAsync(number => new FromAgent
            {
                GrantRenewal = new GrantRenewal { Ask = number, Grant = Grant, Fence = Fence, Operation = Operation },
            }, cancellationToken);
            if (answer is null)
                continue; // it lasts while it lasts; perhaps the stream is open again by then
            if (answer.Grant == Grant && answer.LifetimeMilliseconds > 0)
                Extend(answer, sentAt);
            else if (answer.RetryMilliseconds == 0)
                Lose();
        }
    }

    private void Extend(V1.GrantAnswer answer, long sentAt)
    {
        lock (_gate)
        {
            _lifetime = TimeSpan.FromMilliseconds(answer.LifetimeMilliseconds);
            _until = sentAt + (long)(_lifetime.TotalSeconds * (1 - Margin) * _time.TimestampFrequency);
            var left = Left_NeedsLock();
            _end.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void LoseIfOver()
    {
        lock (_gate)
        {
            if (Left_NeedsLock() is var left && left > TimeSpan.Zero)
            {
                _end.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }
        Lose();
    }

    private TimeSpan Left_NeedsLock() => TimeSpan.FromSeconds((_until - _time.GetTimestamp()) / (double)_time.TimestampFrequency);
}
