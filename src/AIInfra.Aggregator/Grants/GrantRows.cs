using System.Collections.Immutable;
using System.Data.Common;
using System.Text;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Grants;

/// <summary>Reads what a decision rests on. Few rows of many, and few questions: it costs the same in a fleet of any size.</summary>
internal sealed class GrantRows(GrantPolicy policy)
{
    private const string Columns = "node, operation, id, fence, action, reason, state, given_at, expires_at";

    private sealed record Head(BreakerState Breaker, FleetSight Fleet, bool IsTrusted, string? Domains, string Jobs, DateTimeOffset? ApprovedUntil, string? Incident, int OthersAsking, bool HasPauses);

    /// <summary>A node that takes no work.</summary>
    private sealed record Out(string Node, string Domains);

    /// <param name="gap">Null; else why it is not known what else is out of service.</param>
    public async Task<GrantView> LoadAsync(SqlSession session, GrantRequest request, Witness witness, string? gap)
    {
        var head = await HeadAsync(session, request, witness);
        var labels = NodeRows.Domains(head.Domains ?? "[]");
        var grants = await session.AllAsync($"SELECT {Columns}, domains FROM grants WHERE state <> 'over' OR (node = $1 AND operation = $2)", row => (Grant: Read(row), Domains: row.GetString(9)), request.Node, request.Operation);
        var own = grants.Find(one => one.Grant.Node == request.Node && one.Grant.Operation == request.Operation).Grant;
        var unavailable = await OutAsync(session, grants.Where(one => one.Grant.State != "over").Select(one => new Out(one.Grant.Node, one.Domains)));
        var sizes = await SizesAsync(session, labels);
        var jobs = NodeRows.List(head.Jobs);
        return new GrantView
        {
            Now = session.Now,
            NotTrusted = witness.Refuse(head.IsTrusted) ?? gap ?? Unsorted(sizes, head.Fleet.Known),
            Fleet = head.Fleet,
            IsKnown = head.Domains is not null,
            Labels = labels.Where(label => label.Value.Length > 0).ToImmutableSortedDictionary(StringComparer.Ordinal),
            Own = own,
            Other = grants.Find(one => one.Grant.Node == request.Node && one.Grant.Operation != request.Operation && one.Grant.State != "over").Grant,
            Budgets = await UsesAsync(session, request, labels, own, unavailable, sizes, jobs),
            Gang = jobs.IsEmpty ? [] : [.. await GangAsync(session, request.Node)],
            Breaker = head.Breaker,
            Asking = head.OthersAsking + 1,
            Pause = head.HasPauses ? await PauseAsync(session, request.Node, labels) : null,
            ApprovedUntil = head.ApprovedUntil,
            ProblemArrived = request.Problem is { } problem && policy.HeldByIncidents.Contains(request.Action) ? await ArrivedAsync(session, request.Node, problem) : null,
            Incident = head.Incident,
        };
    }

    /// <summary>Grants that are not over, the oldest first.</summary>
    public static Task<List<GrantRow>> OpenAsync(SqlSession session) => session.AllAsync($"SELECT {Columns} FROM grants WHERE state <> 'over' ORDER BY given_at, node", Read);

    public static Task<GrantRow?> FindAsync(SqlSession session, string node, string operation) =>
        session.FirstAsync($"SELECT {Columns} FROM grants WHERE node = $1 AND operation = $2", Read, node, operation);

    public static Task<BreakerState> BreakerAsync(SqlSession session) => session.OneAsync("SELECT breaker_since, breaker_why FROM fleet", row => Breaker(row.OptionalTime(0), row.GetString(1)));

    /// <summary>How each domain of each budget stands, for people to see; at most a thousand of a budget.</summary>
    public async Task<List<BudgetUse>> AllUsesAsync(SqlSession session)
    {
        var held = await session.AllAsync("SELECT node, domains FROM grants WHERE state <> 'over'", row => new Out(row.GetString(0), row.GetString(1)));
        var (unavailable, starts) = (await OutAsync(session, held), await StartsAsync(session));
        var uses = new List<BudgetUse>();
        foreach (var budget in policy.Budgets)
        {
            var domains = await session.AllAsync("SELECT value, nodes FROM domain_sizes WHERE label = $1 AND nodes > 0 ORDER BY value LIMIT 1000", row => (Value: row.GetString(0), Nodes: (int)row.GetInt64(1)), budget.Label);
            uses.AddRange(domains.Select(domain => Use(session, budget, domain.Value, domain.Nodes, "", "", unavailable, starts)));
        }
        return uses;
    }

    private async Task<Head> HeadAsync(SqlSession session, GrantRequest request, Witness witness) => await session.OneAsync("""
        SELECT f.breaker_since, f.breaker_why, f.complete_since,
            coalesce((SELECT nodes FROM domain_sizes WHERE label = '' AND value = ''), 0), (SELECT count(*) FROM nodes WHERE is_connected = 0),
            (SELECT count(*) FROM replicas WHERE id = $3 AND beat >= $4 AND f.fence >= $7),
            (SELECT domains FROM nodes WHERE name = $1), coalesce((SELECT jobs FROM nodes WHERE name = $1), '[]'),
            coalesce((SELECT approved_until FROM approvals WHERE node = $1 AND operation = $2), 0),
            (SELECT min(i.id) FROM incident_members m JOIN incidents i ON i.id = m.incident WHERE m.node = $1 AND i.problem = $5 AND i.state = 'open'),
            (SELECT count(*) FROM asks WHERE asked_at > $6 AND asked_at > f.breaker_reset AND node <> $1), (SELECT count(*) FROM pauses) FROM fleet f
        """, row => new Head(Breaker(row.OptionalTime(0), row.GetString(1)), new FleetSight((int)row.GetInt64(3), (int)(row.GetInt64(3) - row.GetInt64(4)), row.OptionalTime(2)), row.GetInt64(5) > 0,
            row.IsDBNull(6) ? null : row.GetString(6), row.GetString(7), row.OptionalTime(8), row.IsDBNull(9) ? null : row.GetString(9), (int)row.GetInt64(10), row.GetInt64(11) > 0),
        request.Node, request.Operation, witness.Replica, witness.Beats, request.Problem?.Id ?? "", session.NowMilliseconds - (long)policy.Breaker.Window.TotalMilliseconds, witness.Fence);

    /// <param name="held">Nodes with a grant that is not over.</param>
    private async Task<Dictionary<string, string>> OutAsync(SqlSession session, IEnumerable<Out> held)
    {
        var others = await session.AllAsync("""
            SELECT name, domains FROM nodes WHERE out_of_service <> '' UNION ALL SELECT n.name, n.domains FROM node_marks m JOIN nodes n ON n.name = m.node
            UNION ALL SELECT name, domains FROM nodes WHERE is_connected = 0 AND last_heard < $1
            """, row => new Out(row.GetString(0), row.GetString(1)), session.NowMilliseconds - (long)policy.LostAfter.TotalMilliseconds);
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in held.Concat(others)) // where it is now counts for more than where it was
            all[one.Node] = one.Domains;
        return all;
    }

    /// <returns>By label: nodes that are in any of its domains, and nodes in the one of the node that asks.</returns>
    private static async Task<Dictionary<string, (int All, int Own)>> SizesAsync(SqlSession session, ImmutableSortedDictionary<string, string> labels)
    {
        var (own, values) = (new StringBuilder("label = '' AND value = ''"), new List<object?>());
        foreach (var (label, value) in labels)
        {
            values.AddRange([label, value]);
            own.Append($" OR (label = ${values.Count - 1} AND value = ${values.Count})");
        }
        return (await session.AllAsync($"SELECT label, CAST(sum(nodes) AS BIGINT), CAST(sum(CASE WHEN {own} THEN nodes ELSE 0 END) AS BIGINT) FROM domain_sizes GROUP BY label",
            row => (Label: row.GetString(0), All: (int)row.GetInt64(1), Own: (int)row.GetInt64(2)), [.. values])).ToDictionary(one => one.Label, one => (one.All, one.Own), StringComparer.Ordinal);
    }

    /// <summary>A budget's label is new, and nodes that were known before are not in its domains yet: they would be missing from the count.</summary>
    private string? Unsorted(Dictionary<string, (int All, int Own)> sizes, int known) =>
        policy.Budgets.FirstOrDefault(budget => budget.Label.Length > 0 && sizes.GetValueOrDefault(budget.Label).All < known) is { } unsorted ? $"the nodes are being sorted into the domains of {unsorted.Label}." : null;

    private async Task<ImmutableArray<BudgetUse>> UsesAsync(SqlSession session, GrantRequest request, ImmutableSortedDictionary<string, string> labels, GrantRow? own,
        Dictionary<string, string> unavailable, Dictionary<string, (int All, int Own)> sizes, ImmutableArray<string> jobs)
    {
        var itself = own?.State is null or "over" ? "" : request.Operation; // it has been counted as a start, and is not counted again
        var starts = await StartsAsync(session);
        var uses = policy.Budgets.Select(budget => Use(session, budget, labels.GetValueOrDefault(budget.Label, ""), sizes.GetValueOrDefault(budget.Label).Own, request.Node, itself, unavailable, starts)).ToList();
        if (policy.JobMaxUnavailable is not { } share)
            return [.. uses];
        foreach (var job in jobs)
        {
            var members = await session.AllAsync("SELECT node FROM node_jobs WHERE job = $1", row => row.GetString(0), job);
            uses.Add(new BudgetUse(new Budget("jobMaxUnavailable", "", share), $"job {job}", members.Count, members.Count(member => member != request.Node && unavailable.ContainsKey(member)), 0, null));
        }
        return [.. uses];
    }

    private static BudgetUse Use(SqlSession session, Budget budget, string value, int nodes, string node, string operation, Dictionary<string, string> unavailable, List<Start> starts)
    {
        var mark = budget.Label.Length == 0 ? "" : NodeRows.DomainMark(budget.Label, value); // empty is in every text
        var others = unavailable.Count(one => one.Key != node && one.Value.Contains(mark, StringComparison.Ordinal));
        var began = budget.Rate is not { } rate ? [] : starts.Where(start => start.At > session.Now - rate.Window && !(start.Node == node && start.Operation == operation) && start.Domains.Contains(mark, StringComparison.Ordinal)).ToList();
        return new BudgetUse(budget, mark.Length == 0 ? "the fleet" : Domain(budget.Label, value), nodes, others, began.Count, began.Count == 0 ? null : began.Min(start => start.At));
    }

    private sealed record Start(string Node, string Operation, DateTimeOffset At, string Domains);

    /// <summary>What began within the longest window.</summary>
    private async Task<List<Start>> StartsAsync(SqlSession session) => policy.Budgets.Max(budget => budget.Rate?.Window) is not { } longest ? [] : await session.AllAsync(
        "SELECT node, operation, given_at, domains FROM grants WHERE given_at > $1", row => new Start(row.GetString(0), row.GetString(1), row.Time(2), row.GetString(3)), session.NowMilliseconds - (long)longest.TotalMilliseconds);

    /// <summary>A job that had left a node by then was there when its grant was given; one that came later is there now. Both count.</summary>
    private static Task<List<GangMember>> GangAsync(SqlSession session, string node) => session.AllAsync("""
        SELECT g.node, j.job, g.operation, g.reason FROM grants g JOIN grant_jobs j ON j.node = g.node AND j.operation = g.operation
            WHERE g.state <> 'over' AND g.node <> $1 AND j.job IN (SELECT job FROM node_jobs WHERE node = $1)
        UNION
        SELECT g.node, j.job, g.operation, g.reason FROM grants g JOIN node_jobs j ON j.node = g.node
            WHERE g.state <> 'over' AND g.node <> $1 AND j.job IN (SELECT job FROM node_jobs WHERE node = $1)
        ORDER BY 1, 2
        """, row => new GangMember(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)), node);

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

    public static string Domain(string label, string value) => value.Length == 0 ? $"the nodes without {label}" : $"{label}{value}";

    private static BreakerState Breaker(DateTimeOffset? since, string why) => since is null ? BreakerState.Closed : new BreakerState(since, why);

    private static GrantRow Read(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.GetString(5), row.GetString(6), row.Time(7), row.Time(8));
}

/// <param name="Label">Empty: the whole fleet; <see cref="PauseScope.NodeLabel"/>: one node.</param>
internal sealed record StoredPause(string Label, string Value, Pause Pause);
