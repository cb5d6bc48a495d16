using System.Collections.Concurrent;
using System.Collections.Immutable;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Remediation;
using GrantRequest = AIInfra.Aggregator.Grants.GrantRequest;

namespace AIInfra.Testing;

/// <summary>A store of the aggregator that a test can take away, and a ledger that answers what the test says.</summary>
public sealed class MemoryFleetStore : INodeStore, IGrantLedger, IAuditLog
{
    private readonly ConcurrentDictionary<string, NodeRecord> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<AuditEntry> _audit = new();
    private readonly ConcurrentQueue<string> _ledger = new();

    /// <summary>While it is set, everything fails with it.</summary>
    public string? Away { get; set; }

    /// <summary>Reads wait for it.</summary>
    public Task Readable { get; set; } = Task.CompletedTask;
    public int Reads { get; private set; }

    /// <summary>What the ledger says to a question and to a renewal.</summary>
    public Func<GrantRequest, GrantDecision> Decide { get; set; } = _ => GrantDecision.Denied("no budget.");
    public Func<GrantHolder, GrantDecision> Renew { get; set; } = _ => GrantDecision.Denied("it is over.");

    /// <summary>What was asked of the ledger, in order: <c>ask gpu-1 op-1 reboot</c>.</summary>
    public IReadOnlyCollection<string> Ledger => _ledger;
    public IReadOnlyDictionary<string, NodeRecord> Nodes => _nodes;
    public IReadOnlyCollection<AuditEntry> Entries => _audit;

    public void Keep(NodeRecord node) => _nodes[node.Name] = node;

    public async Task<NodesSince> ReadSinceAsync(long revision, CancellationToken cancellationToken)
    {
        Reads++;
        await Readable.WaitAsync(cancellationToken);
        Check();
        return new NodesSince(revision + 1, revision == 0 ? [.. _nodes.Values] : [], []);
    }

    public Task WriteAsync(IReadOnlyList<NodeChange> changes, CancellationToken cancellationToken)
    {
        Check();
        foreach (var change in changes)
        {
            if (change.After is { } after)
                _nodes[change.Node] = after;
            else
                _nodes.TryRemove(change.Node, out _);
        }
        return Task.CompletedTask;
    }

    public Task<GrantDecision> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        _ledger.Enqueue($"ask {request.Node} {request.Operation} {request.Action}");
        return Task.FromResult(Away is null ? Decide(request) : GrantDecision.Denied(Away));
    }

    public Task<GrantDecision> RenewAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        _ledger.Enqueue($"renew {holder.Node} {holder.Operation} {holder.Fence}");
        return Task.FromResult(Renew(holder));
    }

    public Task ReleaseAsync(GrantHolder holder, ActionOutcome? outcome, string says, CancellationToken cancellationToken)
    {
        Check();
        _ledger.Enqueue($"release {holder.Node} {holder.Operation} {outcome}");
        return Task.CompletedTask;
    }

    public Task ReconcileAsync(string node, ImmutableArray<OperationRecord> operations, CancellationToken cancellationToken)
    {
        _ledger.Enqueue($"reconcile {node} {operations.Length}");
        return Task.CompletedTask;
    }

    public Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        Check();
        _audit.Enqueue(entry with { Id = _audit.Count + 1 });
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<AuditEntry>> ReadAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        Check();
        return Task.FromResult<ImmutableArray<AuditEntry>>([.. _audit.Reverse().Where(entry => query.Before is null || entry.Id < query.Before).Where(entry => query.Node is null || entry.Node == query.Node).Take(query.Limit)]);
    }

    private void Check()
    {
        if (Away is { } why)
            throw new StoreException(why, isTransient: true);
    }
}
