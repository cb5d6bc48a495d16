namespace AIInfra.Aggregator.Nodes;

/// <summary>The last changes of the fleet, numbered. A reader that fell behind further than they reach has to read the whole. Any thread.</summary>
/// <remarks>Numbers begin with the moment of the start: one of another replica, or of the run before, is none of ours, and its reader reads the whole.</remarks>
internal sealed class ChangeFeed
{
    private const int Length = 2048;

    private readonly Lock _gate = new();
    private readonly NodeChange?[] _ring = new NodeChange?[Length];
    private readonly long _first;
    private long _next;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChangeFeed(TimeProvider time) => _first = _next = (time.GetUtcNow().ToUnixTimeMilliseconds() * 1000) + 1; // a JavaScript number holds it exactly

    /// <summary>Number of the newest change; before the first, one less than its number will be.</summary>
    public long Newest
    {
        get
        {
            lock (_gate)
                return _next - 1;
        }
    }

    public void Publish(NodeChange change)
    {
        TaskCompletionSource woken;
        lock (_gate)
        {
            _ring[_next++ % Length] = change;
            (woken, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        woken.SetResult();
    }

    /// <summary>What came after a number, oldest first, at most <paramref name="most"/>.</summary>
    /// <returns>False: some of it is no longer there, or the number is not one of ours.</returns>
    public bool TryRead(long after, int most, List<(long Number, NodeChange Change)> into)
    {
        lock (_gate)
        {
            if (after < _next - 1 - Length || after < _first - 1 || after >= _next)
                return false;
            for (var number = after + 1; number < _next && into.Count < most; number++)
                into.Add((number, _ring[number % Length]!));
            return true;
        }
    }

    /// <summary>Completes when there is something after the number.</summary>
    public Task WaitAsync(long after, CancellationToken cancellationToken)
    {
        lock (_gate)
            return after < _next - 1 ? Task.CompletedTask : _more.Task.WaitAsync(cancellationToken);
    }
}
