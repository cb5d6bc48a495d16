using System.Collections.Concurrent;
using AIInfra.Aggregator.Nodes;

namespace AIInfra.Aggregator.Streams;

/// <summary>The open streams by node: one each, the newest. Any thread.</summary>
internal sealed class Sessions
{
    private readonly ConcurrentDictionary<string, AgentSession> _byNode = new(StringComparer.Ordinal);
    private readonly StreamCounters _counters = new();

    public StreamCounters Counters => _counters;
    public int Count => _byNode.Count;
    public IEnumerable<AgentSession> All => _byNode.Values;

    public AgentSession? Find(string node) => _byNode.GetValueOrDefault(node);

    /// <summary>This stream is the node's from now on; one that there was is ended.</summary>
    public void Add(AgentSession session)
    {
        AgentSession? before = null;
        _byNode.AddOrUpdate(session.Node, session, (_, there) =>
        {
            before = there;
            return session;
        });
        before?.End("Another stream of this node was opened.");
    }

    /// <returns>False: another stream took its place already.</returns>
    public bool Remove(AgentSession session) => _byNode.TryRemove(KeyValuePair.Create(session.Node, session));

    /// <summary>The store has this state: the agent may forget what led to it.</summary>
    public void Stored(NodeRecord record) => Find(record.Name)?.Stored(record);
}

/// <summary>What went over the streams since the start. Any thread.</summary>
internal sealed class StreamCounters
{
    private long _snapshots, _deltas, _heartbeats, _others, _refused, _resyncs, _throttled, _opened;

    public long Snapshots => Interlocked.Read(ref _snapshots);
    public long Deltas => Interlocked.Read(ref _deltas);
    public long Heartbeats => Interlocked.Read(ref _heartbeats);
    public long Others => Interlocked.Read(ref _others);
    /// <summary>Streams that were not let in.</summary>
    public long Refused => Interlocked.Read(ref _refused);
    /// <summary>Snapshots that had to be asked for, because a delta did not fit.</summary>
    public long Resyncs => Interlocked.Read(ref _resyncs);
    /// <summary>Messages after which a stream was made to wait.</summary>
    public long Throttled => Interlocked.Read(ref _throttled);
    public long Opened => Interlocked.Read(ref _opened);

    public void CountSnapshot() => Interlocked.Increment(ref _snapshots);
    public void CountDelta() => Interlocked.Increment(ref _deltas);
    public void CountHeartbeat() => Interlocked.Increment(ref _heartbeats);
    public void CountOther() => Interlocked.Increment(ref _others);
    public void CountRefused() => Interlocked.Increment(ref _refused);
    public void CountResync() => Interlocked.Increment(ref _resyncs);
    public void CountThrottled() => Interlocked.Increment(ref _throttled);
    public void CountOpened() => Interlocked.Increment(ref _opened);
}
