namespace AIInfra.Core.Health.Logs;

/// <summary>What the metrics page shows of the kernel log. One thread writes, any reads.</summary>
public sealed class LogCounters
{
    private long _lines, _overruns;

    /// <summary>Records read since the agent was started.</summary>
    public long Lines => Volatile.Read(ref _lines);

    /// <summary>Times the kernel overwrote records before they were read.</summary>
    public long Overruns => Volatile.Read(ref _overruns);

    /// <summary>Rules whose pattern took too long on a line.</summary>
    public SlowPatterns Slow { get; init; } = new();

    internal void Set(long lines, long overruns)
    {
        Volatile.Write(ref _lines, lines);
        Volatile.Write(ref _overruns, overruns);
    }
}
