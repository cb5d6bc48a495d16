using System.Data.Common;

namespace AIInfra.Aggregator.Store;

/// <summary>What the two databases do differently. Everything else is the same text for both.</summary>
internal abstract class SqlDialect : IAsyncDisposable
{
    /// <summary>Which one and where, for messages; without any secret.</summary>
    public abstract string Place { get; }

    /// <summary>The database has a clock that all replicas share.</summary>
    public abstract bool HasSharedClock { get; }

    /// <summary>Of a primary key that the database numbers.</summary>
    public abstract string Identity { get; }

    /// <summary>An open connection; given back by disposing it.</summary>
    public abstract Task<DbConnection> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>A transaction that reads one moment and holds nobody up.</summary>
    public abstract Task<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>A transaction that may write. Two of the same rows wait for each other, or one fails with a conflict.</summary>
    public abstract Task<DbTransaction> BeginAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>A transaction that sees all that others decided before it, and none decides beside it.</summary>
    public abstract Task<DbTransaction> BeginDecisionAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>A parameter for <c>$1</c>, <c>$2</c> … in the order they are added.</summary>
    public abstract DbParameter Parameter(int number, object? value);

    /// <summary>What must be so before the schema is looked at; called once, alone.</summary>
    /// <exception cref="UnusableDatabaseException">It cannot be used as it is.</exception>
    public abstract Task PrepareAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>Keeps other replicas from migrating at the same time, until the transaction ends.</summary>
    public abstract string? MigrationLock { get; }

    public abstract string TableExists { get; }

    /// <summary>Worth doing again at once: another transaction was in the way.</summary>
    public abstract bool IsConflict(Exception fault);

    /// <summary>The connection broke, which says nothing of the next one; forgets those that are likely to be broken too.</summary>
    public abstract bool IsBrokenConnection(Exception fault);

    /// <summary>The file is broken. Never so for a server, which tells its own people.</summary>
    public abstract bool IsBroken(Exception fault);

    /// <summary>One sentence with what, where and what to do; null for what is not the database's fault.</summary>
    public abstract (string Says, bool IsTransient)? Explain(Exception fault);

    /// <summary>The file was broken: puts it out of the way.</summary>
    /// <returns>Where it is now; null when there is nothing to put away.</returns>
    public abstract string? SetAside(string suffix, DateTimeOffset now);

    public abstract ValueTask DisposeAsync();
}

/// <summary>The database cannot be used as it is.</summary>
/// <param name="suffix">Of the name under which a file is set aside; null when it stays where it is and a person is needed.</param>
internal sealed class UnusableDatabaseException(string message, string? suffix) : Exception(message)
{
    public string? Suffix { get; } = suffix;
}
