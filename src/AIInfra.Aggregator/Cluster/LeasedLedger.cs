using System.Collections.Immutable;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Remediation;
using GrantRequest = AIInfra.Aggregator.Grants.GrantRequest;

namespace AIInfra.Aggregator.Cluster;

/// <summary>A ledger whose grants also hold a lease of the node's failure domain: what agents fall back on while no aggregator can be reached, and what clusters without one go by. So there is one budget.</summary>
/// <remarks>The grant is written first and told last: what is not told permits nothing, and weighs meanwhile.</remarks>
internal sealed class LeasedLedger(IGrantLedger ledger, NodeLeases leases, FleetDatabase database, WorkerBoard parts, TimeProvider time) : IGrantLedger, IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "cluster leases";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15), Soon = TimeSpan.FromSeconds(15), Patience = TimeSpan.FromSeconds(10);

    public async Task<GrantDecision> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        var decision = await ledger.AskAsync(request, cancellationToken);
        if (decision.Outcome != GrantOutcome.Granted)
            return decision;
        if (await TakeAsync(request.Node, request.Operation, cancellationToken) is not { } whyNot)
            return await TellAsync(request, decision, cancellationToken);
        try
        {
            await WithdrawAsync(request, decision, whyNot, cancellationToken);
        }
        catch (StoreException)
        {
            // It ends by its lifetime.
        }
        return GrantDecision.Denied($"the lease of the failure domain is not to be had: {whyNot}", Soon);
    }

    /// <summary>Notes that it is told, before it is.</summary>
    private async Task<GrantDecision> TellAsync(GrantRequest request, GrantDecision decision, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(session => session.RunAsync("UPDATE grants SET says = 'told' WHERE node = $1 AND operation = $2 AND fence = $3 AND state = 'held'", request.Node, request.Operation, decision.Fence), cancellationToken);
            return decision;
        }
        catch (StoreException away)
        {
            return GrantDecision.Denied($"the aggregator's store does not take part: {away.Message}", Soon);
        }
    }

    /// <summary>What was not told permits nothing and ends at once. What the node had before goes on until it runs out: it may be acting on it.</summary>
    private Task<bool> WithdrawAsync(GrantRequest request, GrantDecision decision, string whyNot, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (await session.RunAsync("UPDATE grants SET state = 'over', ended_at = $4, says = 'no lease' WHERE node = $1 AND operation = $2 AND fence = $3 AND state = 'held' AND given_at = asked_at AND says <> 'told'",
            request.Node, request.Operation, decision.Fence, session.NowMilliseconds) > 0)
        {
            await AuditLog.WriteDeniedAsync(session, new AuditEntry(session.Now, "aggregator", "grant.withdrawn", request.Node, request.Operation, $"no lease: {whyNot}"), "lease");
        }
        return true;
    }, cancellationToken);

    public async Task<GrantDecision> RenewAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        var decision = await ledger.RenewAsync(holder, cancellationToken);
        if (decision.Outcome != GrantOutcome.Granted || await TakeAsync(holder.Node, holder.Operation, cancellationToken) is not { } whyNot)
            return decision;
        return GrantDecision.Denied($"the lease of the failure domain was lost: {whyNot}", Soon); // what the node holds lasts until it runs out; by then it may be had again
    }

    public async Task ReleaseAsync(GrantHolder holder, ActionOutcome? outcome, string says, CancellationToken cancellationToken)
    {
        await ledger.ReleaseAsync(holder, outcome, says, cancellationToken);
        await leases.GiveBackAsync(holder.Node, holder.Operation);
    }

    public Task ReconcileAsync(string node, ImmutableArray<OperationRecord> operations, CancellationToken cancellationToken) => ledger.ReconcileAsync(node, operations, cancellationToken);

    /// <summary>Gives back what is held for a grant that ended otherwise, and leaves to others what another replica renews by now.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => StoreBeat.EachAsync(Beat, time, parts, Part, SweepAsync, cancellationToken);

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (node, operation) in leases.All.ToList())
        {
            var grant = await database.ReadAsync(session => GrantRows.FindAsync(session, node, operation), cancellationToken);
            if (grant is null or { State: not "held" })
                await leases.GiveBackAsync(node, operation);
        }
    }

    private async Task<string?> TakeAsync(string node, string operation, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            return await leases.TakeAsync(node, operation, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the API server did not answer within {Patience.TotalSeconds:0} s.";
        }
    }
}
