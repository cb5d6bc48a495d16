using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Hosting;

namespace AIInfra.Aggregator.Store;

/// <summary>What the database says of the nodes that are connected here may be wrong: it is another one, or one of yesterday, or this replica was away from it for so long
/// that the others put its nodes away. What the streams know is written into it anew, and what the nodes are at work on is counted again before anything is granted.</summary>
internal sealed class StoreLifeWatch(FleetDatabase database, Replicas replicas, NodeStore store, Sessions sessions, FleetView view, NodeWriter writer, IGrantLedger ledger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "store watch";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (lives, returns) = (WatchLivesAsync(either.Token), WatchReturnsAsync(either.Token));
        try
        {
            await await Task.WhenAny(lives, returns);
        }
        finally
        {
            await either.CancelAsync();
            await Task.WhenAll(lives, returns).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchLivesAsync(CancellationToken cancellationToken)
    {
        await foreach (var life in database.Life.WatchAsync(cancellationToken))
        {
            await store.IndexDomainsAsync(cancellationToken);
            if (life.Number > 0)
                await TellAgainAsync(cancellationToken);
        }
    }

    private async Task WatchReturnsAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in replicas.Returned.WatchAsync(cancellationToken))
            await TellAgainAsync(cancellationToken);
    }

    private async Task TellAgainAsync(CancellationToken cancellationToken)
    {
        foreach (var node in view.Nodes.Values.Where(node => sessions.Find(node.Name) is not null))
        {
            await ledger.ReconcileAsync(node.Name, node.Operations, cancellationToken);
            writer.Enqueue(new NodeChange(node.Name, null, node));
        }
    }
}
