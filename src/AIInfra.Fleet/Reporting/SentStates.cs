using AIInfra.Fleet.V1;

namespace AIInfra.Fleet.Reporting;

/// <summary>States that the aggregator may stand at: those that were sent and are not stored yet, and the newest that is. Kept over reconnects; bounded. Any thread.</summary>
internal sealed class SentStates
{
    /// <summary>Beyond it the oldest that is not stored is forgotten: a reconnect to it then costs a snapshot.</summary>
    private const int Most = 16;

    private readonly Lock _gate = new();
    private readonly List<FleetState> _states = [];
    private ulong _received;

    /// <summary>When the last one was sent.</summary>
    public long LastAt { get; private set; }

    /// <summary>Sent, and not known to be received.</summary>
    public int Underway
    {
        get
        {
            lock (_gate)
                return _states.Count(state => state.Sequence > _received);
        }
    }

    public FleetState? Find(ulong sequence)
    {
        lock (_gate)
            return _states.Find(state => state.Sequence == sequence);
    }

    /// <summary>A stream was opened, and the aggregator stands there: what was sent after it got lost.</summary>
    public void Reopen(FleetState? standsAt)
    {
        lock (_gate)
        {
            _received = standsAt?.Sequence ?? 0;
            _states.RemoveAll(state => standsAt is null || state.Sequence > standsAt.Sequence);
        }
    }

    public FleetState Add(FleetState state, long at)
    {
        lock (_gate)
        {
            LastAt = at;
            _states.RemoveAll(earlier => earlier.Sequence >= state.Sequence);
            if (_states.Count >= Most)
                _states.RemoveAt(1); // the first is the newest that is stored, where one is
            _states.Add(state);
            return state;
        }
    }

    public void Acknowledge(Acknowledgement acknowledgement)
    {
        lock (_gate)
        {
            _received = Math.Max(_received, Math.Max(acknowledgement.Received, acknowledgement.Sequence));
            _states.RemoveAll(state => state.Sequence < acknowledgement.Sequence);
        }
    }
}
