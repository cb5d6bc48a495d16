using System.Globalization;
using System.Security.Cryptography;
using AIInfra.Core.Hosting;

namespace AIInfra.Aggregator.Store;

/// <summary>Says that this replica lives, and notices when the database is one of yesterday. No replica leads: each beats for itself, and what all of them hold is
/// added up from the rows.</summary>
/// <remarks>The number of beats is the witness: a database whose row counts fewer than were made was restored, and what was granted after its copy is not in it.</remarks>
public sealed class Replicas(FleetDatabase database, ViewRule view, TimeProvider time) : IWorker
{
    internal static readonly TimeSpan Beat = TimeSpan.FromSeconds(5), AliveFor = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromHours(1);

    private sealed record Self(string Id, long Beats);

    private volatile Self _self = new(NewId(), 0);

    /// <summary>Of this run of this replica; another one after the database was restored.</summary>
    internal string Id => _self.Id;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        do
        {
            try
            {
                await BeatAsync(cancellationToken);
            }
            catch (StoreException)
            {
                // The database has said so; while it is away this replica counts as dead, and grants are denied.
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>One beat, and whether the view of the fleet is whole.</summary>
    /// <exception cref="StoreException">It is not written.</exception>
    internal async Task BeatAsync(CancellationToken cancellationToken)
    {
        var self = _self;
        var now = await database.WriteAsync(async session =>
        {
            if (self.Beats > 0 && await session.RunAsync("UPDATE replicas SET beat = beat + 1, beat_at = $3 WHERE id = $1 AND beat >= $2", self.Id, self.Beats, session.NowMilliseconds) == 0)
                return null;
            if (self.Beats == 0)
            {
                await session.RunAsync("INSERT INTO replicas VALUES ($1, 1, $2) ON CONFLICT (id) DO UPDATE SET beat = replicas.beat + 1, beat_at = excluded.beat_at", self.Id, session.NowMilliseconds);
            }
            await session.RunAsync("DELETE FROM replicas WHERE beat_at < $1", session.NowMilliseconds - (long)ForgottenAfter.TotalMilliseconds);
            await PutAwayAsync(session);
            await NoteViewAsync(session);
            return new Self(self.Id, await session.NumberAsync("SELECT beat FROM replicas WHERE id = $1", self.Id));
        }, cancellationToken);
        if (now is not null)
        {
            _self = now;
            return;
        }
        _self = new Self(NewId(), 0);
        database.BeginNewLife("it was restored to an earlier state, or this replica was away for too long");
        await BeatAsync(cancellationToken);
    }

    /// <summary>Null when this replica may decide; else why not, as a sentence.</summary>
    internal async Task<string?> RefuseAsync(SqlSession session)
    {
        var self = _self;
        if (self.Beats == 0)
            return "the aggregator has just started.";
        return await session.NumberAsync("SELECT count(*) FROM replicas WHERE id = $1 AND beat >= $2", self.Id, self.Beats) == 0
            ? "the database was restored to an earlier state: what was granted since is being collected from the nodes." : null;
    }

    /// <summary>How much of the fleet is in sight, and since when that has been enough.</summary>
    internal static async Task<FleetSight> LookAsync(SqlSession session)
    {
        var known = await session.NumberAsync("SELECT count(*) FROM nodes");
        var away = await session.NumberAsync("SELECT count(*) FROM nodes WHERE is_connected = 0");
        return new FleetSight((int)known, (int)(known - away), await session.OneAsync("SELECT complete_since FROM fleet", row => row.OptionalTime(0)));
    }

    /// <summary>The streams of a replica that died are open nowhere.</summary>
    private static async Task PutAwayAsync(SqlSession session)
    {
        const string OfTheDead = "is_connected = 1 AND replica NOT IN (SELECT id FROM replicas WHERE beat_at > $1)";
        var alive = session.NowMilliseconds - (long)AliveFor.TotalMilliseconds;
        if (await session.NumberAsync($"SELECT count(*) FROM nodes WHERE {OfTheDead}", alive) == 0)
            return;
        await session.RunAsync("UPDATE revisions SET revision = revision + 1");
        await session.RunAsync($"UPDATE nodes SET is_connected = 0, revision = (SELECT revision FROM revisions) WHERE {OfTheDead}", alive);
    }

    private async Task NoteViewAsync(SqlSession session)
    {
        var seen = await LookAsync(session);
        if (view.IsEnough(seen) == (seen.CompleteSince is null))
            await session.RunAsync("UPDATE fleet SET complete_since = $1", view.IsEnough(seen) ? session.NowMilliseconds : 0L);
    }

    private static string NewId() => string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
}

/// <summary>How much of the fleet is in sight.</summary>
/// <param name="Known">Nodes that have ever reported and were not removed.</param>
/// <param name="Seen">Those whose stream is open at a living replica.</param>
/// <param name="CompleteSince">When enough of them came into sight; null while they are not.</param>
public sealed record FleetSight(int Known, int Seen, DateTimeOffset? CompleteSince);

/// <summary>When the view is whole enough to act on.</summary>
/// <param name="SeenPercent">Of the known nodes, 1 to 100.</param>
/// <param name="For">How long it has to be so.</param>
public sealed record ViewRule(int SeenPercent, TimeSpan For)
{
    public static ViewRule Default { get; } = new(90, TimeSpan.FromSeconds(30));

    internal bool IsEnough(FleetSight view) => view.Known > 0 && (long)view.Seen * 100 >= (long)view.Known * SeenPercent;
}
