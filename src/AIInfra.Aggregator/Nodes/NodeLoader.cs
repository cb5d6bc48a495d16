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

    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500), Wait = TimeSpan.FromSeconds(2), Patience = TimeSpan.FromSeconds(20);

    private long _revision;
    private volatile bool _isLoaded;

    /// <summary>What the store had at the start is in the view.</summary>
    public bool IsLoaded => _isLoaded;

    /// <summary>Reads for the first time, before the port is open: an answer from before it would show a fleet without its nodes. A store that is away keeps nobody out;
    /// it is said, and read as soon as it is there.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        parts.NotReady(Part, "The nodes that are stored were not read yet.");
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await ReadAsync(either.Token);
            parts.Ready(Part);
        }
        catch (StoreException fault)
        {
            parts.NotReady(Part, fault.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            parts.NotReady(Part, $"The nodes that are stored were not read within {Patience.TotalSeconds:0} s; they are read again.");
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!_isLoaded || options.IsShared)
        {
            try
            {
                await ReadAsync(cancellationToken);
                parts.Ready(Part);
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
