using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes;

public enum ProbeState
{
    /// <summary>It has not been run yet.</summary>
    Waiting,
    /// <summary>It has looked at all there is.</summary>
    Done,
    /// <summary>There is nothing for it on this host.</summary>
    NotHere,
    /// <summary>A look has not ended within its deadline; it is not started again before that one ends.</summary>
    Hung,
    /// <summary>The probe itself is broken.</summary>
    Failed,
    /// <summary>Switched off by its settings.</summary>
    Off,
}

/// <summary>The newest look of one probe. Immutable.</summary>
/// <param name="Detail">Why it is not <see cref="ProbeState.Done"/>; null when it is.</param>
/// <param name="At">When the look began; null before the first.</param>
/// <param name="Results">Of this look; of the one before it while it hangs or fails.</param>
public sealed record ProbeReport(
    string Name, ProbeState State, string? Detail, TimeSpan Interval, DateTimeOffset? At, TimeSpan Duration, ImmutableArray<ProbeResult> Results)
{
    /// <summary>Processor time that the look took in this process, without its children.</summary>
    public TimeSpan CpuTime { get; init; }

    public bool IsBroken => State is ProbeState.Hung or ProbeState.Failed;
}
