namespace AIInfra.Linux.Systemd;

/// <summary>The jobs of systemd that somebody waits for, by their object paths. On the bus's thread only.</summary>
internal sealed class UnitJobs
{
    private readonly Dictionary<string, TaskCompletionSource<string>> _waiting = new(StringComparer.Ordinal);

    public UnitJobs() => Signal = new BusSignal(
        $"type='signal',sender='{SystemdUnits.Destination}',path='{SystemdUnits.Root}',interface='{SystemdUnits.Manager}',member='JobRemoved'",
        SystemdUnits.Manager, "JobRemoved", Removed, Lost);

    public BusSignal Signal { get; }

    /// <returns>Completes with the job's result.</returns>
    public Task<string> Await(string job)
    {
        if (_waiting.Count > 256)
            _waiting.Clear(); // given up long ago by who waited
        var result = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[job] = result;
        return result.Task;
    }

    private void Removed(BusReader reader)
    {
        reader.Skip("u");
        var job = reader.String('o');
        reader.Skip("s");
        if (_waiting.Remove(job, out var waiting))
            waiting.TrySetResult(reader.String());
    }

    private void Lost(string reason)
    {
        foreach (var waiting in _waiting.Values)
            waiting.TrySetException(new BusException($"systemd took the job on, but its end was not seen: {reason}", BusFate.Unknown));
        _waiting.Clear();
    }
}
