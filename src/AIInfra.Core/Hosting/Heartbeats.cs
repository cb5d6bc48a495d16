using System.Collections.Concurrent;

namespace AIInfra.Core.Hosting;

/// <summary>Loops on a beat say here that they go round. One that does not is stuck, and the service manager is then no longer told that the agent lives.</summary>
/// <remarks>For loops whose every step has a deadline: one that may wait for ever by design has no beat.</remarks>
public sealed class Heartbeats(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (long At, TimeSpan Within)> _beats = new(StringComparer.Ordinal);

    /// <param name="loop">As in <see cref="WorkerBoard"/>.</param>
    /// <param name="within">The next one is due within this time.</param>
    public void Beat(string loop, TimeSpan within) => _beats[loop] = (time.GetTimestamp(), within);

    /// <summary>It goes round no more, and means to.</summary>
    public void End(string loop) => _beats.TryRemove(loop, out _);

    /// <summary>A loop that is stuck, and since when; null when all go round.</summary>
    public (string Loop, TimeSpan Since)? Overdue()
    {
        foreach (var (loop, (at, within)) in _beats)
        {
            if (time.GetElapsedTime(at) is var since && since > within)
                return (loop, since);
        }
        return null;
    }
}
