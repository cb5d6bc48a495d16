using System.Collections.Immutable;

namespace AIInfra.Aggregator.Audit;

/// <summary>One thing that was decided or done, and why. Never changed, never without an actor.</summary>
/// <param name="Id">Given by the store, rising; 0 before it is written.</param>
/// <param name="At">The aggregator's clock.</param>
/// <param name="Actor">Who: <c>node NAME</c>, <c>token NAME</c>, <c>aggregator</c>.</param>
/// <param name="What">Verb and object: <c>grant.given</c>, <c>grant.denied</c>, <c>node.joined</c>, <c>certificate.revoked</c>, <c>breaker.opened</c>.</param>
/// <param name="Node">Empty where it concerns none.</param>
/// <param name="Operation">Empty where it concerns none.</param>
/// <param name="Says">One sentence with the reason. May hold outside text.</param>
public sealed record AuditEntry(long Id, DateTimeOffset At, string Actor, string What, string Node, string Operation, string Says)
{
    public AuditEntry(DateTimeOffset at, string actor, string what, string node, string operation, string says) : this(0, at, actor, what, node, operation, says)
    {
    }
}

/// <summary>Which entries a reader wants: newest first, before an id.</summary>
/// <param name="Before">Null: from the newest.</param>
/// <param name="Node">Null: all.</param>
/// <param name="Operation">Null: all.</param>
/// <param name="What">A prefix such as <c>grant.</c>; null: all.</param>
/// <param name="Limit">1 to 1,000.</param>
public sealed record AuditQuery(long? Before, string? Node, string? Operation, string? What, int Limit);

/// <summary>The trail. Thread-safe.</summary>
public interface IAuditLog
{
    /// <exception cref="Store.StoreException">It is not written.</exception>
    Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken);

    /// <exception cref="Store.StoreException">It cannot be read now.</exception>
    Task<ImmutableArray<AuditEntry>> ReadAsync(AuditQuery query, CancellationToken cancellationToken);
}
