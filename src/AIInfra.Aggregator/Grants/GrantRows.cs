using System.Collections.Immutable;
using System.Data.Common;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Grants;

/// <summary>Reads what a decision rests on.</summary>
internal sealed class GrantRows(GrantPolicy policy, Replicas replicas)
{
    private const string Columns = "node, operation, id, fence, action, reason, state, given_at, expires_at";

    // Few of many: each part has an index of just these rows, so that it costs the same in a fleet of any size. $1 is the moment after which a node that is not connected is not lost.
    private const string Unavailable = """
        WITH u AS (SELECT name FROM nodes WHERE out_of_service <> '' UNION SELECT node FROM node_marks UNION SELECT node FROM grants WHERE state <> 'over'
            UNION SELECT name FROM nodes WHERE is_connected = 0 AND last_heard < $1)
        SELECT n.name, d.label, d.value FROM u JOIN nodes n ON n.name = u.name LEFT JOIN node_domains d ON d.node = u.name
        """;

    public async Task<GrantView> LoadAsync(SqlSession session, GrantRequest request)
    {
        var breaker = await BreakerAsync(session);
        var ofNode = await session.AllAsync($"SELECT {Columns} FROM grants WHERE node = $1 AND (operation = $2 OR state <> 'over')", Read, request.Node, request.Operation);
        var own = ofNode.Find(grant => grant.Operation == request.Operation);
        var labels = (await LabelsAsync(session, request.Node)).Where(label => label.Value.Length > 0).ToImmutableSortedDictionary(StringComparer.Ordinal);
        return new GrantView
        {
            Now = session.Now,
            NotTrusted = await replicas.RefuseAsync(session) ?? await UnsortedAsync(session),
            Fleet = await Replicas.LookAsync(session),
            IsKnown = await session.NumberAsync("SELECT count(*) FROM nodes WHERE name = $1", request.Node) > 0,
            Labels = labels,
            Own = own,
            Other = ofNode.Find(grant => grant.Operation != request.Operation),
            Budgets = await UsesAsync(session, request, labels, own, await OutAsync(session)),
            Gang = [.. await GangAsync(session, request.Node)],
            Breaker = breaker.State,
            Asking = await AskingAsync(session, request.Node, breaker.Reset),
            Pause = await PauseAsync(session, request.Node, labels),
            ApprovedUntil = await session.NumberAsync("SELECT approved_until FROM approvals WHERE node = $1 AND operation = $2", request.Node, request.Operation) is var until and > 0
                ? DateTimeOffset.FromUnixTimeMilliseconds(until) : null,
            ProblemArrived = request.Problem is { } key && policy.HeldByIncidents.Contains(request.Action) ? await ArrivedAsync(session, request.Node, key) : null,
            Incident = request.Problem is { } problem ? await session.FirstAsync("""
                SELECT i.id FROM incidents i JOIN incident_members m ON m.incident = i.id WHERE m.node = $1 AND i.problem = $2 AND i.state = 'open'
                """, row => row.GetString(0), request.Node, problem.Id) : null,
        };
    }

    /// <summary>Grants that are not over, the oldest first.</summary>
    public static Task<List<GrantRow>> OpenAsync(SqlSession session) => session.AllAsync($"SELECT {Columns} FROM grants WHERE state <> 'over' ORDER BY given_at, node", Read);

    public static Task<GrantRow?> FindAsync(SqlSession session, string node, string operation) =>
        session.FirstAsync($"SELECT {Columns} FROM grants WHERE node = $1 AND operation = $2", Read, node, operation);

    public static async Task<(BreakerState State, DateTimeOffset Reset)> BreakerAsync(SqlSession session)
    {
        var (since, why, reset) = await session.OneAsync("SELECT breaker_since, breaker_why, breaker_reset FROM fleet", row => (row.OptionalTime(0), row.GetString(1), row.Time(2)));
        return (since is null ? BreakerState.Closed : new BreakerState(since, why), reset);
    }

    /// <summary>Nodes that take no work, for whatever reason: by each their domains, as they are stored.</summary>
    public async Task<ILookup<string, (string Label, string Value)>> OutAsync(SqlSession session) => (await session.AllAsync(Unavailable,
        row => (Node: row.GetString(0), Label: row.IsDBNull(1) ? "" : row.GetString(1), Value: row.IsDBNull(2) ? "" : row.GetString(2)), session.NowMilliseconds - (long)policy.LostAfter.TotalMilliseconds))
        .ToLookup(row => row.Node, row => (row.Label, row.Value), StringComparer.Ordinal);

    /// <summary>How a domain stands, with no node left out.</summary>
    /// <param name="value">As it is stored: <c>=r7</c>; not looked at for a budget of the whole fleet.</param>
    public static Task<BudgetUse> UseAsync(SqlSession session, Budget budget, string value, ILookup<string, (string Label, string Value)> unavailable) =>
        CountAsync(session, budget, value, "", "", unavailable);

    private async Task<ImmutableArray<BudgetUse>> UsesAsync(
        SqlSession session, GrantRequest request, ImmutableSortedDictionary<string, string> labels, GrantRow? own, ILookup<string, (string Label, string Value)> unavailable)
    {
        var uses = ImmutableArray.CreateBuilder<BudgetUse>();
        var itself = own?.State is null or "over" ? "" : request.Operation; // it has been counted as a start, and is not counted again
        foreach (var budget in policy.Budgets)
            uses.Add(await CountAsync(session, budget, labels.GetValueOrDefault(budget.Label, ""), request.Node, itself, unavailable));
        if (policy.JobMaxUnavailable is not { } share)
            return uses.ToImmutable();
        foreach (var job in await session.AllAsync("SELECT job FROM node_jobs WHERE node = $1 ORDER BY job", row => row.GetString(0), request.Node))
        {
            var members = await session.AllAsync("SELECT node FROM node_jobs WHERE job = $1", row => row.GetString(0), job);
            uses.Add(new BudgetUse(new Budget("jobMaxUnavailable", "", share), $"job {job}", members.Count, members.Count(member => member != request.Node && unavailable.Contains(member)), 0, null));
        }
        return uses.ToImmutable();
    }

    /// <summary>A budget's label is new, and nodes that were known before are not in its domains yet: they would be missing from the count.</summary>
    private async Task<string?> UnsortedAsync(SqlSession session)
    {
        foreach (var label in policy.Budgets.Select(budget => budget.Label).Where(label => label.Length > 0).Distinct(StringComparer.Ordinal))
        {
            if (await session.NumberAsync("SELECT count(*) FROM node_domains WHERE label = $1", label) < await session.NumberAsync("SELECT count(*) FROM nodes"))
                return $"the nodes are being sorted into the domains of {label}.";
        }
        return null;
    }

    private static async Task<BudgetUse> CountAsync(SqlSession session, Budget budget, string value, string node, string operation, ILookup<string, (string Label, string Value)> unavailable)
    {
        var isFleet = budget.Label.Length == 0;
        var nodes = isFleet ? await session.NumberAsync("SELECT count(*) FROM nodes") : await session.NumberAsync("SELECT count(*) FROM node_domains WHERE label = $1 AND value = $2", budget.Label, value);
        var others = unavailable.Count(one => one.Key != node && (isFleet || one.Contains((budget.Label, value))));
        var (starts, oldest) = budget.Rate is { } rate ? await StartsAsync(session, budget, rate, value, node, operation) : (0, null);
        return new BudgetUse(budget, isFleet ? "the fleet" : Domain(budget.Label, value), (int)nodes, others, starts, oldest);
    }

    private static async Task<(int Starts, DateTimeOffset? Oldest)> StartsAsync(SqlSession session, Budget budget, StartRate rate, string value, string node, string operation)
    {
        var inDomain = budget.Label.Length == 0 ? "$4 = $4 AND $5 = $5" : "EXISTS (SELECT 1 FROM node_domains d WHERE d.node = g.node AND d.value = $4 AND d.label = $5)";
        var (starts, oldest) = await session.OneAsync($"SELECT count(*), coalesce(min(given_at), 0) FROM grants g WHERE given_at > $1 AND NOT (g.node = $2 AND g.operation = $3) AND {inDomain}",
            row => (row.GetInt64(0), row.OptionalTime(1)), session.NowMilliseconds - (long)rate.Window.TotalMilliseconds, node, operation, value, budget.Label);
        return ((int)starts, oldest);
    }

    /// <summary>A job that had left a node by then was there when its grant was given; one that came later is there now. Both count.</summary>
    private static Task<List<GangMember>> GangAsync(SqlSession session, string node) => session.AllAsync("""
        SELECT g.node, j.job, g.operation, g.reason FROM grants g JOIN grant_jobs j ON j.node = g.node AND j.operation = g.operation
            WHERE g.state <> 'over' AND g.node <> $1 AND j.job IN (SELECT job FROM node_jobs WHERE node = $1)
        UNION
        SELECT g.node, j.job, g.operation, g.reason FROM grants g JOIN node_jobs j ON j.node = g.node
            WHERE g.state <> 'over' AND g.node <> $1 AND j.job IN (SELECT job FROM node_jobs WHERE node = $1)
        ORDER BY 1, 2
        """, row => new GangMember(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)), node);

    private async Task<int> AskingAsync(SqlSession session, string node, DateTimeOffset reset)
    {
        await session.RunAsync("INSERT INTO asks VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET asked_at = excluded.asked_at", node, session.NowMilliseconds);
        var since = Math.Max(session.NowMilliseconds - (long)policy.Breaker.Window.TotalMilliseconds, reset.ToUnixTimeMilliseconds());
        return (int)await session.NumberAsync("SELECT count(*) FROM asks WHERE asked_at > $1", since);
    }

    private static async Task<DateTimeOffset?> ArrivedAsync(SqlSession session, string node, ProblemKey key) =>
        (await BodyAsync(session, node))?.Problems.FirstOrDefault(problem => problem.Key == key)?.Arrived;

    private static async Task<NodeRecord?> BodyAsync(SqlSession session, string node) =>
        await session.FirstAsync("SELECT body FROM node_bodies WHERE name = $1", row => row.GetString(0), node) is { } body ? NodeRows.Read(body, false, default) : null;

    private async Task<Pause?> PauseAsync(SqlSession session, string node, ImmutableSortedDictionary<string, string> labels)
    {
        var all = await PausesAsync(session);
        // A pause may name any label; those that no budget names are looked up where the whole node is
        var whole = all.Exists(pause => pause.Label is not ("" or PauseScope.NodeLabel) && !policy.Labels.Contains(pause.Label))
            ? await BodyAsync(session, node) : null;
        return all.Find(pause => pause.Label switch
        {
            "" => true,
            PauseScope.NodeLabel => pause.Value == node,
            var label when whole is not null => NodeRows.Domain(whole, label) == pause.Value,
            var label => labels.GetValueOrDefault(label, "") == pause.Value,
        })?.Pause;
    }

    public static Task<List<StoredPause>> PausesAsync(SqlSession session) => session.AllAsync("SELECT label, value, actor, says, since, until FROM pauses WHERE until = 0 OR until > $1 ORDER BY label, value", row =>
        new StoredPause(row.GetString(0), row.GetString(1), new Pause(PauseScope.Show(row.GetString(0), row.GetString(1)), row.GetString(2), row.GetString(3), row.Time(4), row.OptionalTime(5))), session.NowMilliseconds);

    private static Task<List<KeyValuePair<string, string>>> LabelsAsync(SqlSession session, string node) =>
        session.AllAsync("SELECT label, value FROM node_domains WHERE node = $1", row => KeyValuePair.Create(row.GetString(0), row.GetString(1)), node);

    public static string Domain(string label, string value) => value.Length == 0 ? $"the nodes without {label}" : $"{label}{value}";

    private static GrantRow Read(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.GetString(5), row.GetString(6), row.Time(7), row.Time(8));
}

/// <param name="Label">Empty: the whole fleet; <see cref="PauseScope.NodeLabel"/>: one node.</param>
internal sealed record StoredPause(string Label, string Value, Pause Pause);
