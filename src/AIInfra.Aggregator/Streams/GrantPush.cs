using System.Collections.Concurrent;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Hosting;
using AIInfra.Fleet.V1;

namespace AIInfra.Aggregator.Streams;

/// <summary>Tells the nodes what they did not ask for: a grant that was taken back, a pause, the breaker. Until a node says that it has taken it in, it is told again on each new stream.</summary>
/// <remarks>Every replica tells those that are connected to it, from the database, which it looks at once a second: so it does not matter where a person asked for it.</remarks>
internal sealed class GrantPush(FleetDatabase database, FleetView view, Sessions sessions, WorkerBoard parts, TimeProvider time) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "grant news";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<AgentSession, Told> _told = new();
    private volatile Held? _held; // null: not known yet, and nobody is told that nothing holds

    private sealed record Held(List<StoredPause> Pauses, string? Breaker)
    {
        public bool Any => Breaker is not null || Pauses.Count > 0;
    }

    private sealed record Revoked(string Node, string Grant, string Operation);

    /// <summary>What one stream was told last.</summary>
    private sealed class Told
    {
        public ulong Number { get; set; }
        public string? Why { get; set; }
        public HashSet<string> Grants { get; } = new(StringComparer.Ordinal);
    }

    /// <summary>The stream has its Welcome: it is told what holds.</summary>
    public void Opened(AgentSession session)
    {
        var told = _told[session] = new Told();
        if (_held is { } held)
            Tell(session, told, WhyPaused(session.Node, held));
    }

    public void Closed(AgentSession session) => _told.TryRemove(session, out _);

    /// <exception cref="StoreException">It is not written, and the node is told again.</exception>
    public Task TakenAsync(AgentSession session, string grant) => database.WriteAsync(async rows =>
    {
        if (await rows.FirstAsync("SELECT operation FROM grants WHERE node = $1 AND id = $2 AND says = 'revoked'", row => row.GetString(0), session.Node, grant) is not { } operation)
            return false;
        await rows.RunAsync("UPDATE grants SET says = 'revoked, and the node was told' WHERE node = $1 AND id = $2", session.Node, grant);
        await AuditLog.WriteAsync(rows, new AuditEntry(rows.Now, $"node {session.Node}", "grant.revocation-taken", session.Node, operation, "no further step is begun under it."));
        return true;
    }, CancellationToken.None);

    public Task RunAsync(CancellationToken cancellationToken) => StoreBeat.EachAsync(Beat, time, parts, Part, LookAsync, cancellationToken);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        var (held, revoked) = await database.ReadAsync(async session => (
            new Held(await GrantRows.PausesAsync(session), await GrantRows.BreakerAsync(session) is { Since: not null } open ? $"the breaker is open ({open.Why}); a person closes it." : null),
            await session.AllAsync("SELECT node, id, operation FROM grants WHERE state <> 'over' AND state = 'ended' AND says = 'revoked'", row => new Revoked(row.GetString(0), row.GetString(1), row.GetString(2)))), cancellationToken);
        var before = _held;
        _held = held;
        if (before is null || held.Any || before.Any)
        {
            foreach (var (session, told) in _told)
                Tell(session, told, WhyPaused(session.Node, held));
        }
        foreach (var one in revoked)
            Revoke(one);
    }

    private void Revoke(Revoked revoked)
    {
        if (sessions.Find(revoked.Node) is not { } session || !_told.TryGetValue(session, out var told))
            return;
        lock (told)
        {
            if (!told.Grants.Add(revoked.Grant))
                return;
        }
        session.Post(new FromAggregator { GrantRevocation = new GrantRevocation { Grant = revoked.Grant, Why = $"the grant of operation {revoked.Operation} was taken back by an operator." } });
    }

    private static void Tell(AgentSession session, Told told, string? why)
    {
        lock (told)
        {
            if (told.Number > 0 && told.Why == why)
                return;
            (told.Number, told.Why) = (told.Number + 1, why);
            session.Post(new FromAggregator { Policy = new Policy { Paused = why is not null, Why = why ?? "", Number = told.Number } });
        }
    }

    private string? WhyPaused(string node, Held held)
    {
        if (held.Pauses.Find(pause => Holds(pause, node)) is { Pause: var found })
            return $"{found.Actor} paused {found.Where}{(found.Says.Length > 0 ? $" ({found.Says})" : "")}.";
        return held.Breaker;
    }

    private bool Holds(StoredPause pause, string node) => pause.Label switch
    {
        "" => true,
        PauseScope.NodeLabel => pause.Value == node,
        var label => view.Find(node) is { } record && NodeRows.Domain(record, label) == pause.Value,
    };
}
