using AIInfra.Aggregator.Nodes;

namespace AIInfra.Aggregator.Store;

/// <summary>Where the nodes are kept. Thread-safe. SQLite or PostgreSQL; tests have one that is slow, full or away.</summary>
public interface INodeStore
{
    /// <summary>All that changed after a revision; 0 gives everything there is. Read at the start, then polled where there is more than one replica.</summary>
    /// <exception cref="StoreException">It cannot be read now.</exception>
    Task<NodesSince> ReadSinceAsync(long revision, CancellationToken cancellationToken);

    /// <summary>Writes them in one transaction, and returns when it is durable: what is acknowledged to agents has gone through here.
    /// Per node a change is written only where its (incarnation, sequence) is not older than what the row has.</summary>
    /// <exception cref="StoreException">Nothing of it was written.</exception>
    Task WriteAsync(IReadOnlyList<NodeChange> changes, CancellationToken cancellationToken);
}

/// <summary>The database refused or did not answer.</summary>
/// <param name="isTransient">Worth trying again: away, busy or full. Otherwise a person is needed.</param>
public sealed class StoreException(string message, bool isTransient, Exception? inner = null) : Exception(message, inner)
{
    public bool IsTransient { get; } = isTransient;
}
