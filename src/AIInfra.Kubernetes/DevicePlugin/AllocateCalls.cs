namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Counts one resource's Allocate calls, over all starts of its server. Any thread.</summary>
/// <param name="onEnd">Told when a call has ended.</param>
internal sealed class AllocateCalls(TimeProvider time, Action onEnd)
{
    private readonly Lock _gate = new();
    private int _running;
    private long? _lastEnd;

    /// <summary>A call begins; disposing what is returned ends it.</summary>
    public IDisposable Begin()
    {
        lock (_gate)
            _running++;
        return new Call(this);
    }

    /// <summary>True when none runs and none has ended within a time.</summary>
    public bool IsQuietFor(TimeSpan quiet)
    {
        lock (_gate)
            return _running == 0 && (_lastEnd is not { } end || time.GetElapsedTime(end) >= quiet);
    }

    private void End()
    {
        lock (_gate)
        {
            _running--;
            _lastEnd = time.GetTimestamp();
        }
        onEnd();
    }

    private sealed class Call(AllocateCalls calls) : IDisposable
    {
        public void Dispose() => calls.End();
    }
}
