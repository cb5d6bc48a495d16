namespace AIInfra.Fleet.Reporting;

/// <summary>Wakes one waiter: a set that comes while nobody waits counts for the next wait. Any thread may set.</summary>
internal sealed class Wake(TimeProvider time)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _set = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set()
    {
        lock (_gate)
            _set.TrySetResult();
    }

    /// <summary>Until it is set, or the time is over.</summary>
    public async Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        Task set;
        lock (_gate)
            set = _set.Task;
        try
        {
            await set.WaitAsync(longest, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return;
        }
        lock (_gate)
        {
            if (_set.Task.IsCompleted)
                _set = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
