using AIInfra.Aggregator.Store;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Nodes;

/// <summary>Brings changes to the store in batches, and says afterwards what is stored. While the store is away the newest state of each node waits here: one entry a node, never more.</summary>
internal sealed partial class NodeWriter(INodeStore store, Sessions sessions, WorkerBoard parts, TimeProvider time, ILogger<NodeWriter> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "store";

    private const int BatchSize = 512;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200), LongestWait = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private Dictionary<string, NodeChange> _pending = new(StringComparer.Ordinal);
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Nodes whose newest state is not stored yet.</summary>
    public int Pending
    {
        get
        {
            lock (_gate)
                return _pending.Count;
        }
    }

    public long Written { get; private set; }
    public long Failures { get; private set; }

    public void Enqueue(NodeChange change)
    {
        lock (_gate)
        {
            _pending[change.Node] = _pending.TryGetValue(change.Node, out var earlier) ? change with { Before = earlier.Before } : change;
            _more.TrySetResult();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wait = FirstWait;
        while (true)
        {
            await WaitAsync(cancellationToken);
            var batch = Take();
            try
            {
                await store.WriteAsync(batch, cancellationToken);
            }
            catch (Exception fault)
            {
                PutBack(batch);
                if (fault is not StoreException refusal)
                    throw; // the supervisor starts anew; nothing is lost meanwhile
                Failures++;
                var sentence = $"{refusal.Message} {Pending} nodes wait to be stored; what is shown is newer than what is stored.";
                if (wait == FirstWait)
                    LogAway(sentence);
                parts.NotReady(Part, sentence);
                await Task.Delay(wait, time, cancellationToken);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
                continue;
            }
            if (wait != FirstWait)
            {
                LogBack();
                wait = FirstWait;
            }
            parts.Ready(Part);
            Written += batch.Count;
            foreach (var change in batch)
            {
                if (change.After is { } record)
                    sessions.Stored(record);
            }
        }
    }

    private Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _pending.Count > 0 ? Task.CompletedTask : _more.Task.WaitAsync(cancellationToken);
    }

    private List<NodeChange> Take()
    {
        lock (_gate)
        {
            List<NodeChange> batch;
            if (_pending.Count <= BatchSize)
            {
                batch = [.. _pending.Values];
                _pending = new(StringComparer.Ordinal);
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            else
            {
                batch = [.. _pending.Values.Take(BatchSize)];
                foreach (var change in batch)
                    _pending.Remove(change.Node);
            }
            return batch;
        }
    }

    private void PutBack(List<NodeChange> batch)
    {
        lock (_gate)
        {
            foreach (var change in batch)
                _pending[change.Node] = _pending.TryGetValue(change.Node, out var newer) ? newer with { Before = change.Before } : change;
            _more.TrySetResult();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store does not take what the nodes report: {Why} It is tried again.")]
    private partial void LogAway(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "The store takes what the nodes report again")]
    private partial void LogBack();
}
