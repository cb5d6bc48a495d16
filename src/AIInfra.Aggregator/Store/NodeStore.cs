using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Nodes;

namespace AIInfra.Aggregator.Store;

/// <summary>The nodes, each in one row with what is counted and one with the rest.</summary>
/// <param name="domains">Labels that the budgets and the approvals name.</param>
internal sealed class NodeStore(FleetDatabase database, Replicas replicas, ImmutableArray<string> domains) : INodeStore
{
    private sealed record Row(string Incarnation, long Sequence, string Replica, bool IsConnected, DateTimeOffset LastHeard, string Domains, string Jobs);

    public async Task<NodesSince> ReadSinceAsync(long revision, CancellationToken cancellationToken) => await database.ReadAsync(async session =>
    {
        var alive = session.NowMilliseconds - (long)Replicas.AliveFor.TotalMilliseconds;
        var nodes = await session.AllAsync("""
            SELECT b.body, n.is_connected, n.last_heard, r.id, n.sequence, n.incarnation FROM nodes n JOIN node_bodies b ON b.name = n.name
            LEFT JOIN replicas r ON r.id = n.replica AND r.beat_at > $2 WHERE n.revision > $1 ORDER BY n.name
            """, row => NodeRows.Read(row.GetString(0), row.GetInt64(1) == 1 && !row.IsDBNull(3), row.Time(2)), revision, alive);
        var removed = await session.AllAsync("SELECT name FROM removed_nodes WHERE revision > $1 ORDER BY name", row => row.GetString(0), revision);
        return new NodesSince(await session.NumberAsync("SELECT revision FROM revisions"), [.. nodes.OfType<NodeRecord>()], [.. removed]);
    }, cancellationToken);

    public Task WriteAsync(IReadOnlyList<NodeChange> changes, CancellationToken cancellationToken) => changes.Count == 0 ? Task.CompletedTask : database.WriteAsync(async session =>
    {
        // Its row stays locked until the commit: revisions become visible in their order
        await session.RunAsync("UPDATE revisions SET revision = revision + 1");
        var revision = await session.NumberAsync("SELECT revision FROM revisions");
        var open = (await session.AllAsync("SELECT DISTINCT node FROM grants WHERE state <> 'over' AND (state = 'ended' OR expires_at <= $1)", row => row.GetString(0), session.NowMilliseconds)).ToHashSet(StringComparer.Ordinal);
        foreach (var change in changes.OrderBy(change => change.Node, StringComparer.Ordinal)) // in one order: two replicas do not wait for each other in a circle
        {
            if (change.After is { } after)
                await WriteOneAsync(session, change.Before, after, revision, settle: open.Contains(change.Node));
            else
                await RemoveAsync(session, change.Node, revision);
        }
        return true;
    }, cancellationToken);

    /// <summary>Brings the rows of the domains to the labels that the budgets name now.</summary>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task IndexDomainsAsync(CancellationToken cancellationToken) => domains.IsEmpty ? Task.CompletedTask : database.WriteAsync(async session =>
    {
        foreach (var label in domains)
        {
            var missing = await session.AllAsync("""
                SELECT b.body FROM node_bodies b WHERE NOT EXISTS (SELECT 1 FROM node_domains d WHERE d.label = $1 AND d.node = b.name)
                """, row => NodeRows.Read(row.GetString(0), false, default), label);
            foreach (var node in missing.OfType<NodeRecord>())
                await session.RunAsync("INSERT INTO node_domains VALUES ($1, $2, $3)", label, NodeRows.Domain(node, label), node.Name);
        }
        return true;
    }, cancellationToken);

    private async Task WriteOneAsync(SqlSession session, NodeRecord? before, NodeRecord after, long revision, bool settle)
    {
        var row = await session.FirstAsync("SELECT incarnation, sequence, replica, is_connected, last_heard, domains, jobs FROM nodes WHERE name = $1", Read, after.Name);
        if (row is not null && IsOlder(after, row))
            return;
        var replica = after.IsConnected ? replicas.Id : row?.Replica ?? "";
        if (row is not null && row.Incarnation == after.Incarnation && row.Sequence == after.Sequence && before is not null)
        {
            await session.RunAsync("UPDATE nodes SET replica = $2, is_connected = $3, last_heard = $4, revision = CASE WHEN is_connected <> $3 THEN $5 ELSE revision END WHERE name = $1",
                after.Name, replica, after.IsConnected ? 1 : 0, after.LastHeard.ToUnixTimeMilliseconds(), revision);
        }
        else
        {
            await WriteBodyAsync(session, after, row, replica, revision);
            await WriteOperationsAsync(session, before, after);
        }
        if (settle && after.IsConnected)
            await SettleAsync(session, after);
    }

    /// <summary>Where two replicas have the node, the one to which it speaks now is right; what a stream left behind does not overwrite a newer one.</summary>
    private bool IsOlder(NodeRecord after, Row row)
    {
        if (!after.IsConnected && row.IsConnected && row.Replica != replicas.Id && after.LastHeard < row.LastHeard.AddSeconds(1) && row.Replica.Length > 0)
            return true;
        return after.Incarnation == row.Incarnation ? after.Sequence < row.Sequence : after.LastHeard < row.LastHeard;
    }

    private async Task WriteBodyAsync(SqlSession session, NodeRecord after, Row? row, string replica, long revision)
    {
        var inDomains = domains.Select(label => NodeRows.Domain(after, label)).ToList();
        var (domainText, jobs) = (NodeRows.Text(domains.Zip(inDomains, (label, value) => $"{label}{value}")), NodeRows.Jobs(after));
        var jobText = NodeRows.Text(jobs);
        await session.RunAsync("""
            INSERT INTO nodes VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, sequence = excluded.sequence,
                revision = excluded.revision, replica = excluded.replica, is_connected = excluded.is_connected, last_heard = excluded.last_heard,
                out_of_service = excluded.out_of_service, domains = excluded.domains, jobs = excluded.jobs
            """, after.Name, after.Incarnation, after.Sequence, revision, replica, after.IsConnected ? 1 : 0, after.LastHeard.ToUnixTimeMilliseconds(), NodeRows.OutOfService(after), domainText, jobText);
        await session.RunAsync("INSERT INTO node_bodies VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body", after.Name, NodeRows.Write(after));
        if (row is null)
            await session.RunAsync("DELETE FROM removed_nodes WHERE name = $1", after.Name);
        if (row?.Domains != domainText)
        {
            await session.RunAsync("DELETE FROM node_domains WHERE node = $1", after.Name);
            for (var at = 0; at < domains.Length; at++)
                await session.RunAsync("INSERT INTO node_domains VALUES ($1, $2, $3)", domains[at], inDomains[at], after.Name);
        }
        if ((row?.Jobs ?? "[]") != jobText)
        {
            await session.RunAsync("DELETE FROM node_jobs WHERE node = $1", after.Name);
            foreach (var job in jobs)
                await session.RunAsync("INSERT INTO node_jobs VALUES ($1, $2)", job, after.Name);
        }
    }

    /// <summary>The node forgets old steps; here they stay.</summary>
    private static async Task WriteOperationsAsync(SqlSession session, NodeRecord? before, NodeRecord after)
    {
        var known = before?.Operations.ToHashSet() ?? [];
        foreach (var step in after.Operations.Where(step => !known.Contains(step)))
            await OperationRows.WriteAsync(session, after.Name, step);
    }

    /// <summary>A grant that ended, or ran out, weighs on the budgets until the node has been heard after it: its own cordon, if it stands, then weighs in its place.</summary>
    private static async Task SettleAsync(SqlSession session, NodeRecord node)
    {
        var heard = node.LastHeard.ToUnixTimeMilliseconds();
        await session.RunAsync("UPDATE grants SET state = 'over' WHERE node = $1 AND state = 'ended' AND ended_at <= $2", node.Name, heard);
        var lapsed = await session.AllAsync("SELECT operation FROM grants WHERE node = $1 AND state = 'held' AND expires_at <= $2 AND expires_at <= $3", row => row.GetString(0), node.Name, heard, session.NowMilliseconds);
        foreach (var operation in lapsed.Where(operation => !node.Operations.Any(step => step.Operation == operation && NodeRows.IsOpen(step))))
        {
            await session.RunAsync("UPDATE grants SET state = 'over', ended_at = $3, says = 'ran out' WHERE node = $1 AND operation = $2", node.Name, operation, session.NowMilliseconds);
            await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "grant.lapsed", node.Name, operation, "it was not renewed; the node has been heard since, and nothing of the operation is open."));
        }
    }

    private static async Task RemoveAsync(SqlSession session, string node, long revision)
    {
        foreach (var table in (string[])["node_bodies", "nodes"])
            await session.RunAsync($"DELETE FROM {table} WHERE name = $1", node);
        foreach (var table in (string[])["node_domains", "node_jobs", "node_marks", "asks", "approvals", "incident_members"])
            await session.RunAsync($"DELETE FROM {table} WHERE node = $1", node);
        await session.RunAsync("UPDATE grants SET state = 'over', ended_at = $2, says = 'the node was removed' WHERE node = $1 AND state <> 'over'", node, session.NowMilliseconds);
        await session.RunAsync("INSERT INTO removed_nodes VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision", node, revision);
    }

    private static Row Read(DbDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3) == 1, row.Time(4), row.GetString(5), row.GetString(6));
}

/// <summary>Steps of the nodes' remediation, longer than the nodes keep them.</summary>
internal static class OperationRows
{
    public static Task WriteAsync(SqlSession session, string node, OperationRecord step) => session.RunAsync("""
        INSERT INTO operations VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (node, operation, step) DO UPDATE SET state = excluded.state, body = excluded.body, changed_at = excluded.changed_at
        """, node, step.Operation, step.Step, step.State, JsonSerializer.Serialize(step, StoreJson.Default.OperationRecord), session.NowMilliseconds);

    public static OperationRecord? Read(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, StoreJson.Default.OperationRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
