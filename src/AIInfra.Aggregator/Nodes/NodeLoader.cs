using AIInfra.Aggregator.Store;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Nodes;

/// <param name="IsShared">Other replicas write to the store too.</param>
internal sealed record NodeLoaderOptions(bool IsShared);

/// <summary>Takes from the store what was known before the start, and then what other replicas write. What a stream of this replica says is newer than either.</summary>
internal sealed partial class NodeLoader(NodeLoaderOptions options, INodeStore store, FleetView view, Sessions sessions, WorkerBoard parts, TimeProvider time, ILogger<NodeLoader> logger) : IWorker
{
    public const string Part = "stored nodes";

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500), Wait = TimeSpan.FromSeconds(2);

    private long _revision;
    private bool _isLoaded;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!_isLoaded)
            parts.NotReady(Part, "The nodes that are stored were not read yet.");
        while (true)
        {
            try
            {
                await ReadAsync(cancellationToken);
                parts.Ready(Part);
                if (!options.IsShared)
                    return;
                await Task.Delay(Beat, time, cancellationToken);
            }
            catch (StoreException fault)
            {
                parts.NotReady(Part, fault.Message);
                await Task.Delay(Wait, time, cancellationToken);
            }
        }
    }

    /// <summary>Reads once what is new.</summary>
    internal async Task ReadAsync(CancellationToken cancellationToken)
    {
        var read = await store.ReadSinceAsync(_revision, cancellationToken);
        var isFirst = !_isLoaded;
        foreach (var node in read.Nodes)
        {
            // What was connected before this start has not come back yet: it has until the silence is over.
            var record = isFirst && !options.IsShared ? node with { IsConnected = false, IsLost = node.IsLost, LastHeard = node.IsLost ? node.LastHeard : time.GetUtcNow() } : node;
            view.Apply(node.Name, before => sessions.Find(node.Name) is not null || IsOlder(node, before) ? before : record);
        }
        foreach (var name in read.Removed)
            view.Apply(name, before => sessions.Find(name) is null ? null : before);
        (_revision, _isLoaded) = (read.Revision, true);
        if (isFirst)
            LogLoaded(read.Nodes.Length);
    }

    private static bool IsOlder(NodeRecord stored, NodeRecord? known) =>
        known is not null && known.Incarnation == stored.Incarnation && known.Sequence > stored.Sequence;

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} nodes are known from before")]
    private partial void LogLoaded(int count);
}
