using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Nodes;

namespace AIInfra.Aggregator.Store;

/// <summary>The nodes, each in one row with what is counted and one with the rest.</summary>
/// <param name="domains">Labels that the budgets and the approvals name.</param>
/// <param name="texts">For what is read.</param>
internal sealed class NodeStore(FleetDatabase database, Replicas replicas, ImmutableArray<string> domains, TextPool texts) : INodeStore
{
    private sealed record Row(string Incarnation, long Sequence, string Replica, bool IsConnected, DateTimeOffset LastHeard, string Domains, string Jobs);

    /// <summary>What the node says it is in, unless the cluster itself has it elsewhere.</summary>
    private string DomainsOf(NodeRecord node, string? cluster) => cluster is not null && domains.All(NodeRows.Domains(cluster).ContainsKey) ? cluster : NodeRows.DomainText(node, domains);

    public async Task<NodesSince> ReadSinceAsync(long revision, CancellationToken cancellationToken) => await database.ReadAsync(async session =>
    {
        var alive = session.NowMilliseconds - (long)Replicas.AliveFor.TotalMilliseconds;
        var nodes = await session.AllAsync("""
            SELECT b.body, n.is_connected, n.last_heard, r.id, n.sequence, n.incarnation FROM nodes n JOIN node_bodies b ON b.name = n.name
            LEFT JOIN replicas r ON r.id = n.replica AND r.beat_at > $2 WHERE n.revision > $1 ORDER BY n.name
            """, row => NodeRows.Read(row.GetString(0), row.GetInt64(1) == 1 && !row.IsDBNull(3), row.Time(2)) is { } node ? texts.Share(node) : null, revision, alive);
        var removed = await session.AllAsync("SELECT name FROM removed_nodes WHERE revision > $1 ORDER BY name", row => row.GetString(0), revision);
        return new NodesSince(await session.NumberAsync("SELECT revision FROM revisions"), [.. nodes.OfType<NodeRecord>()], [.. removed]);
    }, cancellationToken);

    public Task WriteAsync(IReadOnlyList<NodeChange> changes, CancellationToken cancellationToken) => changes.Count == 0 ? Task.CompletedTask : database.WriteAsync(async session =>
    {
        // Its row stays locked until the commit: revisions become visible in their order, and what is read below is the newest
        var revision = await session.NumberAsync("UPDATE revisions SET revision = revision + 1 RETURNING revision");
        var batch = new Batch(revision, await RowsAsync(session, changes), [], await ClusterAsync(session, changes));
        foreach (var change in changes)
        {
            if (change.After is { } after)
                WriteOne(session, change.Before, after, batch);
            else
                Remove(session, change.Node, batch);
        }
        foreach (var ((label, value), by) in batch.Sizes.Where(size => size.Value != 0))
            session.Queue("INSERT INTO domain_sizes VALUES ($1, $2, $3) ON CONFLICT (label, value) DO UPDATE SET nodes = domain_sizes.nodes + excluded.nodes", label, value, by);
        await session.FlushAsync();
        await SettleAsync(session, changes);
        return true;
    }, cancellationToken);

    /// <summary>Brings the domains of the nodes to the labels that the budgets name now.</summary>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task IndexDomainsAsync(CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        await session.RunAsync("UPDATE revisions SET revision = revision"); // nobody writes nodes meanwhile
        var clusters = (await session.AllAsync("SELECT node, domains FROM cluster_labels", row => (Node: row.GetString(0), Domains: row.GetString(1)))).ToDictionary(one => one.Node, one => one.Domains, StringComparer.Ordinal);
        var rows = await session.AllAsync("SELECT name, domains FROM nodes", row => (Name: row.GetString(0), Domains: row.GetString(1)));
        var stale = rows.Where(row => !domains.All(NodeRows.Domains(row.Domains).ContainsKey)).ToList();
        var sizes = new Dictionary<(string, string), long>();
        foreach (var (name, known) in stale)
        {
            if (await session.FirstAsync("SELECT body FROM node_bodies WHERE name = $1", row => row.GetString(0), name) is not { } body || NodeRows.Read(body, false, default) is not { } node)
                continue; // its next report says it
            var text = DomainsOf(node, clusters.GetValueOrDefault(name));
            Move(sizes, known, text);
            session.Queue("UPDATE nodes SET domains = $2 WHERE name = $1", name, text);
            session.Queue("UPDATE grants SET domains = $2 WHERE node = $1 AND state <> 'over'", name, text);
        }
        foreach (var ((label, value), by) in sizes.Where(size => size.Value != 0))
            session.Queue("INSERT INTO domain_sizes VALUES ($1, $2, $3) ON CONFLICT (label, value) DO UPDATE SET nodes = domain_sizes.nodes + excluded.nodes", label, value, by);
        await session.FlushAsync();
        return true;
    }, cancellationToken);

    /// <param name="Rows">As they are, by name; kept up to date.</param>
    /// <param name="Sizes">By how much each domain grew.</param>
    /// <param name="Cluster">Domains that the cluster has its nodes in, by name.</param>
    private sealed record Batch(long Revision, Dictionary<string, Row> Rows, Dictionary<(string Label, string Value), long> Sizes, Dictionary<string, string> Cluster);

    private static async Task<Dictionary<string, string>> ClusterAsync(SqlSession session, IReadOnlyList<NodeChange> changes)
    {
        var names = string.Join(", ", Enumerable.Range(1, changes.Count).Select(number => $"${number}"));
        return (await session.AllAsync($"SELECT node, domains FROM cluster_labels WHERE node IN ({names})", row => (Node: row.GetString(0), Domains: row.GetString(1)), [.. changes.Select(change => change.Node)]))
            .ToDictionary(one => one.Node, one => one.Domains, StringComparer.Ordinal);
    }

    private static async Task<Dictionary<string, Row>> RowsAsync(SqlSession session, IReadOnlyList<NodeChange> changes)
    {
        var names = string.Join(", ", Enumerable.Range(1, changes.Count).Select(number => $"${number}"));
        return (await session.AllAsync($"SELECT incarnation, sequence, replica, is_connected, last_heard, domains, jobs, name FROM nodes WHERE name IN ({names})",
            row => (Name: row.GetString(7), Row: Read(row)), [.. changes.Select(change => change.Node)])).ToDictionary(one => one.Name, one => one.Row, StringComparer.Ordinal);
    }

    private void WriteOne(SqlSession session, NodeRecord? before, NodeRecord after, Batch batch)
    {
        var row = batch.Rows.GetValueOrDefault(after.Name);
        if (row is not null && IsOlder(after, row))
            return;
        var replica = after.IsConnected ? replicas.Id : row?.Replica ?? "";
        if (row is not null && row.Incarnation == after.Incarnation && row.Sequence == after.Sequence && before is not null)
        {
            session.Queue("UPDATE nodes SET replica = $2, is_connected = $3, last_heard = $4, revision = CASE WHEN is_connected <> $3 THEN $5 ELSE revision END WHERE name = $1",
                after.Name, replica, after.IsConnected ? 1 : 0, after.LastHeard.ToUnixTimeMilliseconds(), batch.Revision);
            batch.Rows[after.Name] = row with { Replica = replica, IsConnected = after.IsConnected, LastHeard = after.LastHeard };
            return;
        }
        batch.Rows[after.Name] = WriteBody(session, after, row, replica, batch);
        WriteOperations(session, before, after);
    }

    /// <summary>Where two replicas have the node, the one to which it speaks now is right; what a stream left behind does not overwrite a newer one.</summary>
    private bool IsOlder(NodeRecord after, Row row)
    {
        if (!after.IsConnected && row.IsConnected && row.Replica != replicas.Id && after.LastHeard < row.LastHeard.AddSeconds(1) && row.Replica.Length > 0)
            return true;
        return after.Incarnation == row.Incarnation ? after.Sequence < row.Sequence : after.LastHeard < row.LastHeard;
    }

    private Row WriteBody(SqlSession session, NodeRecord after, Row? row, string replica, Batch batch)
    {
        var (domainText, jobs) = (DomainsOf(after, batch.Cluster.GetValueOrDefault(after.Name)), NodeRows.Jobs(after));
        var jobText = NodeRows.Text(jobs);
        session.Queue("""
            INSERT INTO nodes VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, sequence = excluded.sequence,
                revision = excluded.revision, replica = excluded.replica, is_connected = excluded.is_connected, last_heard = excluded.last_heard,
                out_of_service = excluded.out_of_service, domains = excluded.domains, jobs = excluded.jobs
            """, after.Name, after.Incarnation, after.Sequence, batch.Revision, replica, after.IsConnected ? 1 : 0, after.LastHeard.ToUnixTimeMilliseconds(), NodeRows.OutOfService(after), domainText, jobText);
        session.Queue("INSERT INTO node_bodies VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body", after.Name, NodeRows.Write(after));
        if (row is null)
        {
            session.Queue("DELETE FROM removed_nodes WHERE name = $1", after.Name);
            Grow(batch.Sizes, ("", ""), 1);
        }
        Move(batch.Sizes, row?.Domains ?? "[]", domainText);
        if ((row?.Jobs ?? "[]") != jobText)
        {
            session.Queue("DELETE FROM node_jobs WHERE node = $1", after.Name);
            foreach (var job in jobs)
                session.Queue("INSERT INTO node_jobs VALUES ($1, $2)", job, after.Name);
        }
        return new Row(after.Incarnation, after.Sequence, replica, after.IsConnected, after.LastHeard, domainText, jobText);
    }

    private static void Move(Dictionary<(string, string), long> sizes, string from, string to)
    {
        if (from == to)
            return;
        foreach (var (label, value) in NodeRows.Domains(from))
            Grow(sizes, (label, value), -1);
        foreach (var (label, value) in NodeRows.Domains(to))
            Grow(sizes, (label, value), 1);
    }

    private static void Grow(Dictionary<(string, string), long> sizes, (string, string) domain, long by) => sizes[domain] = sizes.GetValueOrDefault(domain) + by;

    /// <summary>The node forgets old steps; here they stay.</summary>
    private static void WriteOperations(SqlSession session, NodeRecord? before, NodeRecord after)
    {
        var known = before?.Operations.ToHashSet() ?? [];
        foreach (var step in after.Operations.Where(step => !known.Contains(step)))
            OperationRows.Queue(session, after.Name, step);
    }

    private static async Task SettleAsync(SqlSession session, IReadOnlyList<NodeChange> changes)
    {
        var open = (await session.AllAsync("SELECT DISTINCT node FROM grants WHERE state <> 'over' AND (state = 'ended' OR expires_at <= $1)", row => row.GetString(0), session.NowMilliseconds)).ToHashSet(StringComparer.Ordinal);
        foreach (var after in changes.Select(change => change.After).OfType<NodeRecord>().Where(after => after.IsConnected && open.Contains(after.Name)))
            await SettleAsync(session, after);
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

    private static void Remove(SqlSession session, string node, Batch batch)
    {
        foreach (var table in (string[])["node_bodies", "nodes"])
            session.Queue($"DELETE FROM {table} WHERE name = $1", node);
        foreach (var table in (string[])["node_jobs", "node_marks", "asks", "approvals", "incident_members"])
            session.Queue($"DELETE FROM {table} WHERE node = $1", node);
        session.Queue("UPDATE grants SET state = 'over', ended_at = $2, says = 'the node was removed' WHERE node = $1 AND state <> 'over'", node, session.NowMilliseconds);
        session.Queue("INSERT INTO removed_nodes VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision", node, batch.Revision);
        if (!batch.Rows.Remove(node, out var row))
            return;
        Grow(batch.Sizes, ("", ""), -1);
        Move(batch.Sizes, row.Domains, "[]");
    }

    private static Row Read(DbDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetInt64(3) == 1, row.Time(4), row.GetString(5), row.GetString(6));
}

/// <summary>Steps of the nodes' remediation, longer than the nodes keep them.</summary>
internal static class OperationRows
{
    public static void Queue(SqlSession session, string node, OperationRecord step) => session.Queue("""
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
