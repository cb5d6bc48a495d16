using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Hosting;

namespace AIInfra.Aggregator.Store;

/// <summary>The database is another one, or one of yesterday: what the streams of this replica know is written into it anew, and what the nodes are at work on is
/// counted again before anything is granted.</summary>
internal sealed class StoreLifeWatch(FleetDatabase database, NodeStore store, Sessions sessions, FleetView view, NodeWriter writer, IGrantLedger ledger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "store watch";

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var life in database.Life.WatchAsync(cancellationToken))
        {
            await store.IndexDomainsAsync(cancellationToken);
            if (life.Number > 0)
                await TellAgainAsync(cancellationToken);
        }
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
