using System.Collections.Immutable;
using System.Data.Common;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;
using AIInfra.Fleet;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.Aggregator.Cluster;

/// <summary>The steps in the database: what is asked is written before it is begun, one replica at a time has it, and its outcome is written once.</summary>
internal sealed class ClusterStepStore(FleetDatabase database, Replicas replicas)
{
    /// <summary>A replica that does not say for so long that it lives loses its steps to another; it stops them itself before that.</summary>
    internal static readonly TimeSpan Term = TimeSpan.FromSeconds(15);

    /// <summary>A journal tells of a step some seconds after it asked for it.</summary>
    private static readonly TimeSpan JournalDelay = TimeSpan.FromMinutes(1);

    private const string Columns = "node, body, fence, outcome, says, stop, taken_by, taken_until, deadline_at";

    /// <summary>Writes a step that is to be begun, as this replica's.</summary>
    /// <returns>The step as it stands, also one that was asked for before; null with why not.</returns>
    /// <exception cref="StoreException">Nothing is written.</exception>
    public Task<(ClusterStep? Step, bool IsNew, string WhyNot)> BeginAsync(string node, StepQuestion question, CancellationToken cancellationToken) => database.DecideAsync<(ClusterStep?, bool, string)>(async session =>
    {
        var step = question.Step;
        if (await FindAsync(session, node, step.Id) is { } known)
        {
            if (known.Step.Operation == step.Operation && known.Step.Action == step.Action)
                return (known, false, "");
            return (null, false, $"Step {step.Id} was asked for as another before.");
        }
        if (await WhyNotAsync(session, node, question) is { } whyNot)
        {
            await AuditLog.WriteDeniedAsync(session, new AuditEntry(session.Now, $"node {node}", "step.denied", node, step.Operation, $"{step.Action}: {whyNot}"), "step");
            return (null, false, whyNot);
        }
        var begun = new ClusterStep(node, step, question.Fence, null, "", "", replicas.Id, session.Now + Term, session.Now + step.Deadline);
        await session.RunAsync("INSERT INTO cluster_steps VALUES ($1, $2, $3, $4, $5, 'running', '', '', $6, '', $7, $8, $9, $10, 0)", node, step.Id, step.Operation, step.Action, question.Fence,
            ClusterStep.Write(step), begun.Replica, begun.TakenUntil.ToUnixTimeMilliseconds(), session.NowMilliseconds, begun.DeadlineAt.ToUnixTimeMilliseconds());
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, $"node {node}", "step.begun", node, step.Operation, $"{step.Action} ({Words.Of(step.Drain)}) for {step.ProblemId} on {step.Subject}."));
        return (begun, true, "");
    }, cancellationToken);

    public Task<ClusterStep?> FindAsync(string node, string step, CancellationToken cancellationToken) => database.ReadAsync(session => FindAsync(session, node, step), cancellationToken);

    /// <summary>Says that this replica lives and how far its steps are.</summary>
    /// <returns>Those that are its own no more, with an empty reason, and those that have to end, with the reason.</returns>
    /// <exception cref="StoreException">It is not written.</exception>
    public Task<List<(string Node, string Step, string Why)>> KeepAsync(IReadOnlyCollection<(ClusterStep Step, string Says)> steps, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var ending = new List<(string, string, string)>();
        foreach (var (step, says) in steps)
        {
            var kept = await session.RunAsync("UPDATE cluster_steps SET taken_until = $4, says = $5 WHERE node = $1 AND step = $2 AND taken_by = $3 AND state = 'running'",
                step.Node, step.Step.Id, step.Replica, (session.Now + Term).ToUnixTimeMilliseconds(), says);
            if (kept == 0)
                ending.Add((step.Node, step.Step.Id, ""));
            else if (await MustEndAsync(session, step) is { } why)
                ending.Add((step.Node, step.Step.Id, why));
        }
        return ending;
    }, cancellationToken);

    /// <summary>Writes the outcome, if the step is this replica's still.</summary>
    /// <returns>False: it is another's, who settles it.</returns>
    /// <exception cref="StoreException">It is not written.</exception>
    public Task<bool> EndAsync(ClusterStep step, ActionResult result, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (await session.RunAsync("UPDATE cluster_steps SET state = 'ended', outcome = $4, says = $5, ended_at = $6 WHERE node = $1 AND step = $2 AND taken_by = $3 AND state = 'running'",
            step.Node, step.Step.Id, step.Replica, Words.Of(result.Outcome), result.Says, session.NowMilliseconds) == 0)
        {
            return false;
        }
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "step.ended", step.Node, step.Step.Operation, $"{step.Step.Action}: {Words.Of(result.Outcome)}. {result.Says}"));
        return true;
    }, cancellationToken);

    /// <summary>Takes over what a replica left that does not live any more.</summary>
    /// <returns>Each with whether it may go on, and why not.</returns>
    /// <exception cref="StoreException">Nothing is taken.</exception>
    public Task<List<(ClusterStep Step, string? WhyNot)>> TakeOverAsync(CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var taken = new List<(ClusterStep, string?)>();
        foreach (var orphan in await session.AllAsync($"SELECT {Columns} FROM cluster_steps WHERE state = 'running' AND taken_until < $1 ORDER BY asked_at LIMIT 50", Read, session.NowMilliseconds))
        {
            if (await session.RunAsync("UPDATE cluster_steps SET taken_by = $3, taken_until = $4 WHERE node = $1 AND step = $2 AND taken_by = $5 AND taken_until = $6 AND state = 'running'",
                orphan.Node, orphan.Step.Id, replicas.Id, (session.Now + Term).ToUnixTimeMilliseconds(), orphan.Replica, orphan.TakenUntil.ToUnixTimeMilliseconds()) == 0)
            {
                continue;
            }
            var whyNot = await MustEndAsync(session, orphan) ?? (orphan.DeadlineAt <= session.Now ? "its deadline is over." : null);
            await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "step.taken-over", orphan.Node, orphan.Step.Operation, $"{orphan.Step.Action} was left by replica {orphan.Replica}; {(whyNot is null ? "it goes on." : $"it is settled: {whyNot}")}"));
            taken.Add((orphan with { Replica = replicas.Id, Step = orphan.Step with { Deadline = orphan.DeadlineAt > session.Now ? orphan.DeadlineAt - session.Now : TimeSpan.Zero } }, whyNot));
        }
        return taken;
    }, cancellationToken);

    /// <summary>It is to end early; whoever does it notices within seconds.</summary>
    /// <exception cref="StoreException">It is not written.</exception>
    public Task<int> StopAsync(string node, string step, string why, CancellationToken cancellationToken) =>
        database.WriteAsync(session => session.RunAsync("UPDATE cluster_steps SET stop = $3 WHERE node = $1 AND step = $2 AND state = 'running' AND stop = ''", node, step, why), cancellationToken);

    /// <summary>What a node's journal says of its steps: what it has closed, or does not know, is not gone on with here.</summary>
    /// <returns>Ids of those that end for that.</returns>
    /// <exception cref="StoreException">It is not written.</exception>
    public async Task<ImmutableArray<string>> ReconcileAsync(string node, ImmutableArray<OperationRecord> journal, CancellationToken cancellationToken)
    {
        var asked = await database.ReadAsync(session => session.AllAsync("SELECT step, asked_at FROM cluster_steps WHERE node = $1 AND state = 'running'", row => (Step: row.GetString(0), At: row.Time(1)), node), cancellationToken);
        if (asked.Count == 0)
            return [];
        return await database.WriteAsync<ImmutableArray<string>>(async session =>
        {
            var ending = ImmutableArray.CreateBuilder<string>();
            foreach (var (step, at) in asked)
            {
                var known = journal.FirstOrDefault(record => record.Step == step);
                var why = known is { State: "closed" } ? "the node's journal has closed the step." : known is null && session.Now - at > JournalDelay ? "the node's journal does not know the step." : null;
                if (why is null || await session.RunAsync("UPDATE cluster_steps SET stop = $3 WHERE node = $1 AND step = $2 AND state = 'running' AND stop = ''", node, step, why) == 0)
                    continue;
                ending.Add(step);
                await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "step.stopped", node, "", $"step {step}: {why}"));
            }
            return ending.ToImmutable();
        }, cancellationToken);
    }

    /// <summary>Null: it may go on; else why it has to end.</summary>
    private static async Task<string?> MustEndAsync(SqlSession session, ClusterStep step)
    {
        var stop = await session.FirstAsync("SELECT stop FROM cluster_steps WHERE node = $1 AND step = $2", row => row.GetString(0), step.Node, step.Step.Id);
        if (stop is { Length: > 0 })
            return stop;
        if (!ClusterSteps.NeedsGrant(step.Step.Action))
            return null;
        var grant = await GrantRows.FindAsync(session, step.Node, step.Step.Operation);
        return grant is not { State: "held" } || grant.Fence != step.Fence ? "its grant was taken back." : grant.IsHeld(session.Now) ? null : "its grant ran out: the node did not renew it.";
    }

    private static async Task<string?> WhyNotAsync(SqlSession session, string node, StepQuestion question)
    {
        var step = question.Step;
        if (await session.FirstAsync("SELECT step FROM cluster_steps WHERE node = $1 AND state = 'running' LIMIT 1", row => row.GetString(0), node) is { } other)
            return $"Step {other} of this node is under way; a node has one at a time.";
        if (!ClusterSteps.NeedsGrant(step.Action))
            return null;
        var grant = await GrantRows.FindAsync(session, node, step.Operation);
        return grant is null ? $"Operation {step.Operation} has no grant."
            : grant.Fence != question.Fence ? $"Fence {question.Fence} is not that of the operation's grant: it was given anew."
            : !grant.IsHeld(session.Now) ? $"The grant of operation {step.Operation} is not held any more." : null;
    }

    private static Task<ClusterStep?> FindAsync(SqlSession session, string node, string step) => session.FirstAsync($"SELECT {Columns} FROM cluster_steps WHERE node = $1 AND step = $2", Read, node, step)!;

    private static ClusterStep Read(DbDataReader row) => new(row.GetString(0), ClusterStep.Read(row.GetString(1)), row.GetInt64(2), WireWords.OutcomeOf(row.GetString(3)), row.GetString(4), row.GetString(5), row.GetString(6), row.Time(7), row.Time(8));
}
