using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Notify;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Grants;

/// <summary>The ledger in the database. Every replica has one; the database alone decides who is first.</summary>
/// <param name="marks">Null where there is no Kubernetes.</param>
internal sealed partial class GrantLedger(FleetDatabase database, Replicas replicas, GrantPolicy policy, ILogger<GrantLedger> logger, ClusterMarks? marks = null) : IGrantLedger
{
    private static readonly TimeSpan WhileAway = TimeSpan.FromSeconds(10), FarthestFence = TimeSpan.FromDays(1);

    private readonly GrantRows _rows = new(policy);

    public async Task<GrantDecision> AskAsync(GrantRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var witness = replicas.Witness;
            var (decision, ruling) = await database.DecideAsync(session => AskAsync(session, request, witness), cancellationToken);
            replicas.Gave(decision.Fence);
            if (ruling.OpensBreaker)
                LogBreaker(ruling.Why);
            return decision;
        }
        catch (StoreException away)
        {
            return GrantDecision.Denied($"the aggregator's store does not take part: {away.Message}", WhileAway);
        }
    }

    public async Task<GrantDecision> RenewAsync(GrantHolder holder, CancellationToken cancellationToken)
    {
        try
        {
            return await database.WriteAsync(session => RenewAsync(session, holder), cancellationToken);
        }
        catch (StoreException away)
        {
            return GrantDecision.Denied($"the aggregator's store does not take part: {away.Message}", WhileAway);
        }
    }

    public Task ReleaseAsync(GrantHolder holder, ActionOutcome? outcome, string says, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var became = outcome is { } known ? Words.Of(known) : "not-started";
        var ended = await session.RunAsync("UPDATE grants SET state = 'ended', ended_at = $4, says = $5 WHERE node = $1 AND operation = $2 AND fence = $3 AND state = 'held'",
            holder.Node, holder.Operation, holder.Fence, session.NowMilliseconds, became);
        // One that was taken back weighs until its lifetime would have been over, or until its node says that it has ended it
        ended += await session.RunAsync("UPDATE grants SET ended_at = $4, says = $5 WHERE node = $1 AND operation = $2 AND fence = $3 AND state = 'ended' AND ended_at > $4",
            holder.Node, holder.Operation, holder.Fence, session.NowMilliseconds, became);
        if (ended > 0)
            await AuditLog.WriteAsync(session, new AuditEntry(session.Now, $"node {holder.Node}", "grant.released", holder.Node, holder.Operation, says.Length > 0 ? $"{became}: {says}" : $"{became}."));
        return true;
    }, cancellationToken);

    public Task ReconcileAsync(string node, ImmutableArray<OperationRecord> operations, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        foreach (var step in operations.Where(step => step.Fence > 0 && NodeRows.IsOpen(step)))
            await AdoptAsync(session, node, step.Operation, step.Fence, step.Action, step.Problem.Id ?? "");
        var listed = operations.Select(step => (step.Operation, step.Step)).ToHashSet();
        var begun = await session.AllAsync("SELECT operation, step FROM operations WHERE node = $1 AND state IN ('intended', 'acted')", row => (row.GetString(0), row.GetString(1)), node);
        foreach (var (operation, step) in begun.Where(step => !listed.Contains(step)))
        {
            await session.RunAsync("UPDATE operations SET state = 'lost', changed_at = $4 WHERE node = $1 AND operation = $2 AND step = $3", node, operation, step, session.NowMilliseconds);
            await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "operation.lost", node, operation, $"the node had begun step {step}, and its journal does not know it any more: look what became of it."));
        }
        return true;
    }, cancellationToken);

    private async Task<(GrantDecision, Ruling)> AskAsync(SqlSession session, GrantRequest request, Witness witness)
    {
        var view = await _rows.LoadAsync(session, request, witness, marks?.Gap);
        session.Queue("INSERT INTO asks VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET asked_at = excluded.asked_at", request.Node, session.NowMilliseconds);
        var ruling = GrantRules.Decide(request, policy, view);
        if (ruling.OpensBreaker)
            await OpenBreakerAsync(session, ruling.Why);
        if (ruling.Outcome == GrantOutcome.Granted)
            return (await GiveAsync(session, request, view, ruling), ruling);
        var waits = ruling.Outcome == GrantOutcome.AwaitsApproval;
        if (waits)
        {
            await session.RunAsync("""
                INSERT INTO approvals VALUES ($1, $2, $3, $4, $5, $5, 0, 0, '') ON CONFLICT (node, operation) DO UPDATE SET last_asked = excluded.last_asked, why = excluded.why, action = excluded.action
                """, request.Operation, request.Node, request.Action, ruling.Why, session.NowMilliseconds);
        }
        await AuditLog.WriteDeniedAsync(session, new AuditEntry(session.Now, $"node {request.Node}", waits ? "grant.awaits" : "grant.denied", request.Node, request.Operation, $"{request.Action}: {ruling.Why}"), ruling.Rule);
        return (new GrantDecision(ruling.Outcome, "", 0, TimeSpan.Zero, ruling.Why, ruling.RetryAfter), ruling);
    }

    private async Task<GrantDecision> GiveAsync(SqlSession session, GrantRequest request, GrantView view, Ruling ruling)
    {
        var expires = (session.Now + policy.Lifetime).ToUnixTimeMilliseconds();
        if (view.Own is { } own && own.IsHeld(session.Now))
        {
            await session.RunAsync("UPDATE grants SET expires_at = $3 WHERE node = $1 AND operation = $2", request.Node, request.Operation, expires);
            return new GrantDecision(GrantOutcome.Granted, own.Id, own.Fence, policy.Lifetime, ruling.Why, null);
        }
        var fence = await RaiseFenceAsync(session, 0);
        var id = string.Create(CultureInfo.InvariantCulture, $"g{fence}");
        var given = view.Own is { State: not "over" } before ? before.GivenAt.ToUnixTimeMilliseconds() : session.NowMilliseconds; // it goes on: no new start
        session.Queue("""
            INSERT INTO grants VALUES ($1, $2, $3, $4, $5, $6, $7, 'held', $8, $9, $10, 0, '', coalesce((SELECT domains FROM nodes WHERE name = $2), '[]'))
                ON CONFLICT (node, operation) DO UPDATE SET id = excluded.id, fence = excluded.fence,
                action = excluded.action, scope = excluded.scope, reason = excluded.reason, state = 'held', asked_at = excluded.asked_at, given_at = excluded.given_at,
                expires_at = excluded.expires_at, ended_at = 0, says = '', domains = excluded.domains
            """, request.Operation, request.Node, id, fence, request.Action, Words.Of(request.Scope), GrantRules.Reason(request), session.NowMilliseconds, given, expires);
        session.Queue("INSERT INTO grant_jobs SELECT job, node, $2 FROM node_jobs WHERE node = $1 ON CONFLICT DO NOTHING", request.Node, request.Operation);
        session.Queue("DELETE FROM approvals WHERE node = $1 AND operation = $2", request.Node, request.Operation); // it allows once
        session.Queue("DELETE FROM audit_denied WHERE node = $1 AND operation = $2", request.Node, request.Operation);
        AuditLog.Queue(session, new AuditEntry(session.Now, $"node {request.Node}", "grant.given", request.Node, request.Operation,
            $"{request.Action} ({Words.Of(request.Scope)}) for {(request.Problem is { } problem ? $"{problem.Id} on {problem.Subject}" : "a person")}: {ruling.Why}"));
        return new GrantDecision(GrantOutcome.Granted, id, fence, policy.Lifetime, ruling.Why, null);
    }

    private async Task<GrantDecision> RenewAsync(SqlSession session, GrantHolder holder)
    {
        var row = await GrantRows.FindAsync(session, holder.Node, holder.Operation);
        if (row is null || (holder.Fence > row.Fence && row.State == "over"))
        {
            await AdoptAsync(session, holder.Node, holder.Operation, holder.Fence, "", "");
            return GrantDecision.Denied("the grant is not known here (the store may have been restored): stop, and ask again.", TimeSpan.Zero);
        }
        if (row.Fence != holder.Fence)
            return GrantDecision.Denied($"fence {holder.Fence} is not the grant's: it was given anew.");
        if (row.State != "held")
            return GrantDecision.Denied("the grant was ended.");
        if (!row.IsHeld(session.Now))
            return GrantDecision.Denied($"the grant ran out at {row.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}: ask again.", TimeSpan.Zero);
        await session.RunAsync("UPDATE grants SET expires_at = $4 WHERE node = $1 AND operation = $2 AND fence = $3 AND state = 'held'",
            holder.Node, holder.Operation, holder.Fence, (session.Now + policy.Lifetime).ToUnixTimeMilliseconds());
        return new GrantDecision(GrantOutcome.Granted, row.Id, row.Fence, policy.Lifetime, "renewed.", null);
    }

    /// <summary>A node holds what this database does not know: it was restored. The grant weighs on the budgets from now on; it permits nothing before it was asked for
    /// anew, because what a node says of its own permission is only believed against it.</summary>
    private static async Task AdoptAsync(SqlSession session, string node, string operation, long fence, string action, string reason)
    {
        if (await GrantRows.FindAsync(session, node, operation) is { } known && (known.State != "over" || known.Fence >= fence))
            return;
        var bounded = Math.Min(fence, Fence(session.Now + FarthestFence)); // no node can use the numbers up
        await RaiseFenceAsync(session, bounded);
        await session.RunAsync("""
            INSERT INTO grants VALUES ($1, $2, $3, $4, $5, 'node', $6, 'held', $7, $7, $7, 0, '', coalesce((SELECT domains FROM nodes WHERE name = $2), '[]')) ON CONFLICT (node, operation) DO UPDATE SET fence = excluded.fence, state = 'held',
                given_at = excluded.given_at, expires_at = excluded.expires_at, ended_at = 0
            """, operation, node, string.Create(CultureInfo.InvariantCulture, $"g{bounded}"), bounded, action, reason, session.NowMilliseconds);
        await session.RunAsync("INSERT INTO grant_jobs SELECT job, node, $2 FROM node_jobs WHERE node = $1 ON CONFLICT DO NOTHING", node, operation);
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "grant.found", node, operation, "the node is at work under a grant that this database does not have: it was restored. It counts against the budgets."));
    }

    /// <summary>Rises with each call, and with the clock: so that a database of yesterday does not give a number twice.</summary>
    private static Task<long> RaiseFenceAsync(SqlSession session, long atLeast) =>
        session.NumberAsync("UPDATE fleet SET fence = CASE WHEN fence + 1 > $1 THEN fence + 1 ELSE $1 END RETURNING fence", Math.Max(Fence(session.Now), atLeast));

    private static long Fence(DateTimeOffset at) => at.ToUnixTimeMilliseconds() << 10; // below 2^53: a page can show it

    private static async Task OpenBreakerAsync(SqlSession session, string why)
    {
        await session.RunAsync("UPDATE fleet SET breaker_since = $1, breaker_why = $2", session.NowMilliseconds, why);
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "breaker.opened", "", "", why));
        await Notices.AddAsync(session, Notice.Breaker(session.Now, why));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Why}")]
    private partial void LogBreaker(string why);
}
