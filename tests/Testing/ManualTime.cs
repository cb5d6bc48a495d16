namespace AIInfra.Testing;

/// <summary>A clock that moves only by <see cref="Advance"/>. Timers that come due fire inside it, in the order of their due times.</summary>
/// <remarks>A test first awaits <see cref="WhenWaitingAsync"/>, so that the code under test has set its timer, and then advances.</remarks>
public sealed class ManualTime(DateTimeOffset start) : TimeProvider
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(Func<TimeSpan, bool> Wanted, TaskCompletionSource Seen)> _watchers = [];
    private TimeSpan _elapsed, _set;

    public ManualTime() : this(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp()
    {
        lock (_gate)
            return _elapsed.Ticks;
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
            return start + _elapsed + _set;
    }

    /// <summary>Sets the wall's clock, as a person or NTP does; no time passes.</summary>
    public void Jump(TimeSpan by)
    {
        lock (_gate)
            _set += by;
    }

    /// <summary>How long each pending timer has still to wait, soonest first.</summary>
    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_gate)
                return [.. _timers.Select(timer => timer.Due - _elapsed).Order()];
        }
    }

    /// <summary>Moves the clock. Callbacks run on this thread and see the time they were due at.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan end;
        lock (_gate)
            end = _elapsed + by;
        while (TakeNext(end) is { } timer)
            timer.Fire();
        Settle();
    }

    /// <summary>Completes when a timer is pending that has exactly this long to wait; at once when there is one.</summary>
    /// <exception cref="TimeoutException">None was set within 30 real seconds; says which timers are pending.</exception>
    public Task WhenWaitingAsync(TimeSpan remaining) => WhenWaitingAsync(wait => wait == remaining, remaining.ToString());

    /// <summary>Completes when any timer is pending.</summary>
    public Task WhenWaitingAsync() => WhenWaitingAsync(_ => true, "any");

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private async Task WhenWaitingAsync(Func<TimeSpan, bool> wanted, string what)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_timers.Any(timer => wanted(timer.Due - _elapsed)))
                return;
            _watchers.Add((wanted, seen));
        }
        try
        {
            await seen.Task.WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"No timer of {what} was set within {Deadline.TotalSeconds} s; pending are: {string.Join(", ", Waits)}.");
        }
    }

    private ManualTimer? TakeNext(TimeSpan end)
    {
        lock (_gate)
        {
            var next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
            _elapsed = next is null ? end : next.Due > _elapsed ? next.Due : _elapsed;
            next?.Rearm_NeedsLock();
            return next;
        }
    }

    private void Set(ManualTimer timer, TimeSpan dueTime)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
            if (dueTime == Timeout.InfiniteTimeSpan)
                return;
            timer.Due = _elapsed + dueTime;
            _timers.Add(timer);
        }
        if (dueTime == TimeSpan.Zero)
            Advance(TimeSpan.Zero);
        else
            Settle();
    }

    private void Settle()
    {
        lock (_gate)
        {
            foreach (var watcher in _watchers.Where(watcher => _timers.Any(timer => watcher.Wanted(timer.Due - _elapsed))).ToArray())
            {
                _watchers.Remove(watcher);
                watcher.Seen.SetResult();
            }
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private bool _isDisposed;

        internal TimeSpan Due { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_isDisposed)
                return false;
            _period = period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period;
            time.Set(this, dueTime);
            return true;
        }

        internal void Fire() => callback(state);

        internal void Rearm_NeedsLock()
        {
            if (_period == Timeout.InfiniteTimeSpan)
                time._timers.Remove(this);
            else
                Due += _period;
        }

        public void Dispose()
        {
            _isDisposed = true;
            time.Set(this, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
