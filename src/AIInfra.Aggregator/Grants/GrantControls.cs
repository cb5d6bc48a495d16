using System.Collections.Immutable;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Notify;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Grants;

/// <summary>Where a pause holds.</summary>
/// <param name="Label">Empty: everywhere.</param>
/// <param name="Value">Of the label; null: the nodes that lack it.</param>
public sealed record PauseScope(string Label, string? Value)
{
    internal const string NodeLabel = "@node"; // no label of Kubernetes looks like it

    public static PauseScope Fleet { get; } = new("", null);

    public static PauseScope Node(string name) => new(NodeLabel, name);

    public static PauseScope Domain(string label, string? value) => new(label, value);

    internal string Stored => Label.Length == 0 ? "" : Label == NodeLabel ? Value! : Value is null ? "" : $"={Value}";

    internal static PauseLine Line(StoredPause stored)
    {
        var (label, value, pause) = stored;
        var (isNode, isDomain) = (label == NodeLabel, label.Length > 0 && label != NodeLabel);
        return new PauseLine(pause.Where, isNode ? value : null, isDomain ? label : null, isDomain && value.Length > 0 ? value[1..] : null, pause.Actor, pause.Says, pause.Since, pause.Until);
    }

    internal static string Show(string label, string stored) => label switch
    {
        "" => "the fleet",
        NodeLabel => $"node {stored}",
        _ => GrantRows.Domain(label, stored),
    };
}

/// <summary>What people do to the grants. Everything is written with who did it; an actor is <c>token NAME</c>.</summary>
public sealed class GrantControls(FleetDatabase database, Replicas replicas, GrantPolicy policy)
{
    private readonly GrantRows _rows = new(policy);

    /// <summary>No new grant in the scope. What has one goes on.</summary>
    /// <param name="until">Null: until it is taken back.</param>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task PauseAsync(PauseScope scope, string actor, string says, DateTimeOffset? until, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        await session.RunAsync("""
            INSERT INTO pauses VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (label, value) DO UPDATE SET actor = excluded.actor, says = excluded.says, since = excluded.since, until = excluded.until
            """, scope.Label, scope.Stored, actor, says, session.NowMilliseconds, until?.ToUnixTimeMilliseconds() ?? 0);
        await NoteAsync(session, actor, "grants.paused", scope, says);
        return true;
    }, cancellationToken);

    /// <returns>False when there was no pause of this scope.</returns>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task<bool> ResumeAsync(PauseScope scope, string actor, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (await session.RunAsync("DELETE FROM pauses WHERE label = $1 AND value = $2", scope.Label, scope.Stored) == 0)
            return false;
        await NoteAsync(session, actor, "grants.resumed", scope, "");
        return true;
    }, cancellationToken);

    /// <summary>Allows an operation that waits, once.</summary>
    /// <returns>False when none of that name waits: it was never asked, or has its grant by now.</returns>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task<bool> ApproveAsync(string node, string operation, string actor, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var until = session.Now + policy.ApprovalFor;
        if (await session.RunAsync("UPDATE approvals SET approved_at = $3, approved_until = $4, actor = $5 WHERE node = $1 AND operation = $2",
            node, operation, session.NowMilliseconds, until.ToUnixTimeMilliseconds(), actor) == 0)
        {
            return false;
        }
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, actor, "grant.approved", node, operation, $"once, until {until.UtcDateTime:yyyy-MM-dd HH:mm:ss'Z'}."));
        return true;
    }, cancellationToken);

    /// <summary>Closes the breaker. Questions from before do not count again; nodes ask anew, nothing is replayed.</summary>
    /// <returns>False when it is closed.</returns>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task<bool> CloseBreakerAsync(string actor, string says, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (await session.RunAsync("UPDATE fleet SET breaker_since = 0, breaker_why = '', breaker_reset = $1 WHERE breaker_since <> 0", session.NowMilliseconds) == 0)
            return false;
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, actor, "breaker.closed", "", "", says));
        await Notices.AddAsync(session, Notice.BreakerClosed(session.Now, says));
        return true;
    }, cancellationToken);

    /// <summary>Takes a grant back: the node is told within a second or two where it is connected, else at its next renewal.</summary>
    /// <returns>False when it holds none.</returns>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task<bool> RevokeAsync(string node, string operation, string actor, string says, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        // It goes on weighing until its old lifetime is over and the node was heard: a node that is cut off acts on it until then
        if (await session.RunAsync("UPDATE grants SET state = 'ended', ended_at = expires_at, says = 'revoked' WHERE node = $1 AND operation = $2 AND state = 'held'", node, operation) == 0)
            return false;
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, actor, "grant.revoked", node, operation, says));
        return true;
    }, cancellationToken);

    /// <summary>How the budgets stand, for people to see.</summary>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public Task<BudgetReport> ReportAsync(CancellationToken cancellationToken)
    {
        var witness = replicas.Witness;
        return database.ReadAsync(session => ReportAsync(session, witness), cancellationToken);
    }

    private async Task<BudgetReport> ReportAsync(SqlSession session, Witness witness)
    {
        var uses = await _rows.AllUsesAsync(session);
        return new BudgetReport
        {
            At = session.Now,
            NotTrusted = await witness.RefuseAsync(session),
            Fleet = await Replicas.LookAsync(session),
            Domains = [.. uses.Select(use => new DomainUse(use.Budget.Name, use.Domain, use.Nodes, use.Budget.MaxUnavailable.Among(use.Nodes), use.OthersUnavailable, use.Starts))],
            Grants = [.. (await GrantRows.OpenAsync(session)).Select(grant => new OpenGrant(grant.Node, grant.Operation, grant.Action, grant.Reason, grant.GivenAt, grant.ExpiresAt, grant.State == "held" && !grant.IsHeld(session.Now)))],
            Pauses = [.. (await GrantRows.PausesAsync(session)).Select(stored => PauseScope.Line(stored))],
            Waiting = [.. await session.AllAsync("SELECT node, operation, action, why, asked_at, last_asked, approved_until, actor FROM approvals ORDER BY asked_at", row =>
                new WaitingApproval(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Time(4), row.Time(5), row.OptionalTime(6), row.GetString(7)))],
            Breaker = await GrantRows.BreakerAsync(session) is { Since: { } since } open ? new OpenBreaker(since, open.Why) : null,
        };
    }

    private static Task NoteAsync(SqlSession session, string actor, string what, PauseScope scope, string says) =>
        AuditLog.WriteAsync(session, new AuditEntry(session.Now, actor, what, scope.Label == PauseScope.NodeLabel ? scope.Value! : "", "", $"{PauseScope.Show(scope.Label, scope.Stored)}{(says.Length > 0 ? $": {says}" : ".")}"));
}

/// <summary>Where the grants stand at one moment.</summary>
public sealed record BudgetReport
{
    public required DateTimeOffset At { get; init; }
    /// <summary>Null; else why this replica decides nothing now.</summary>
    public string? NotTrusted { get; init; }
    public required FleetSight Fleet { get; init; }
    public required ImmutableArray<DomainUse> Domains { get; init; }
    /// <summary>Those that are not over, the oldest first.</summary>
    public required ImmutableArray<OpenGrant> Grants { get; init; }
    public required ImmutableArray<PauseLine> Pauses { get; init; }
    public required ImmutableArray<WaitingApproval> Waiting { get; init; }
    /// <summary>Null while the breaker is closed.</summary>
    public OpenBreaker? Breaker { get; init; }
}

public sealed record OpenBreaker(DateTimeOffset Since, string Why);

/// <summary>A pause with its scope in the words of the API, so that it can be taken back.</summary>
/// <param name="Where">As messages name it.</param>
/// <param name="Node">Null: not of one node.</param>
/// <param name="Label">Null: not of a domain.</param>
/// <param name="Value">Of the label; null: the nodes that lack it.</param>
public sealed record PauseLine(string Where, string? Node, string? Label, string? Value, string Actor, string Says, DateTimeOffset Since, DateTimeOffset? Until);

/// <param name="Allowed">May be out of service.</param>
/// <param name="Unavailable">Are.</param>
/// <param name="Starts">Within the window of the budget's rate.</param>
public sealed record DomainUse(string Budget, string Domain, int Nodes, int Allowed, int Unavailable, int Starts);

/// <param name="HasLapsed">It was not renewed in time, and weighs until the node is heard.</param>
public sealed record OpenGrant(string Node, string Operation, string Action, string Reason, DateTimeOffset Given, DateTimeOffset Expires, bool HasLapsed);

/// <param name="ApprovedUntil">Null: nobody has approved it.</param>
/// <param name="Actor">Who did; empty before.</param>
public sealed record WaitingApproval(string Node, string Operation, string Action, string Why, DateTimeOffset Asked, DateTimeOffset LastAsked, DateTimeOffset? ApprovedUntil, string Actor);
