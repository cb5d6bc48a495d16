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
    private long _fence;

    /// <summary>Changes when this replica counts as alive after it did not: what the database says of its nodes is not so.</summary>
    internal Latest<ReplicaReturn> Returned { get; } = new(new ReplicaReturn(0));

    /// <summary>Of this run of this replica; another one after the database was restored.</summary>
    internal string Id => _self.Id;

    /// <remarks>While the database is away this replica counts as dead, and grants are denied.</remarks>
    public Task RunAsync(CancellationToken cancellationToken) => StoreBeat.EachAsync(Beat, time, BeatAsync, cancellationToken);

    /// <summary>One beat, and whether the view of the fleet is whole.</summary>
    /// <exception cref="StoreException">It is not written.</exception>
    internal async Task BeatAsync(CancellationToken cancellationToken)
    {
        var (self, fence) = (_self, Fence); // before the transaction: what is given meanwhile is in no row that it sees
        var (now, wasAway) = await database.WriteAsync(async session =>
        {
            var away = await session.NumberAsync("SELECT max(beat_at) FROM replicas WHERE id = $1", self.Id) <= session.NowMilliseconds - (long)AliveFor.TotalMilliseconds;
            if (self.Beats > 0 && await session.RunAsync("UPDATE replicas SET beat = beat + 1, beat_at = $3 WHERE id = $1 AND beat >= $2 AND (SELECT fence FROM fleet) >= $4", self.Id, self.Beats, session.NowMilliseconds, fence) == 0)
            {
                // What is restored says of every replica that it lives and has its nodes: none of it holds. The others find their rows gone, and begin anew too
                await session.RunAsync("DELETE FROM replicas");
                await session.RunAsync("UPDATE fleet SET complete_since = 0");
                return ((Self?)null, true);
            }
            if (self.Beats == 0)
                await session.RunAsync("INSERT INTO replicas VALUES ($1, 1, $2) ON CONFLICT (id) DO UPDATE SET beat = replicas.beat + 1, beat_at = excluded.beat_at", self.Id, session.NowMilliseconds);
            await session.RunAsync("DELETE FROM replicas WHERE beat_at < $1", session.NowMilliseconds - (long)ForgottenAfter.TotalMilliseconds);
            await PutAwayAsync(session);
            await NoteViewAsync(session);
            return (new Self(self.Id, await session.NumberAsync("SELECT beat FROM replicas WHERE id = $1", self.Id)), away);
        }, cancellationToken);
        if (now is not null)
        {
            _self = now;
            if (wasAway)
                Returned.Publish(new ReplicaReturn(Returned.Value.Number + 1));
            return;
        }
        _self = new Self(NewId(), 0);
        Interlocked.Exchange(ref _fence, 0);
        database.BeginNewLife("it was restored to an earlier state, or this replica was away for too long");
        await BeatAsync(cancellationToken);
    }

    /// <summary>What a database that is not one of before has to hold. Taken before the transaction that looks: what happens meanwhile is in no row that it sees.</summary>
    internal Witness Witness => Of(_self);

    internal void Gave(long fence)
    {
        for (var known = Fence; fence > known && Interlocked.CompareExchange(ref _fence, fence, known) != known; known = Fence)
            ;
    }

    private Witness Of(Self self) => new(self.Id, self.Beats, Fence);

    private long Fence => Interlocked.Read(ref _fence);

    /// <summary>How much of the fleet is in sight, and since when that has been enough.</summary>
    internal static async Task<FleetSight> LookAsync(SqlSession session)
    {
        var known = await session.NumberAsync("SELECT nodes FROM domain_sizes WHERE label = '' AND value = ''");
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

/// <param name="Number">Rises.</param>
internal sealed record ReplicaReturn(int Number);

/// <summary>What one replica knows of the database.</summary>
/// <param name="Beats">How often the replica has said that it lives: its row counts at least as many.</param>
/// <param name="Fence">The highest number of a grant that it gave.</param>
internal sealed record Witness(string Replica, long Beats, long Fence)
{
    /// <summary>Null when the replica may decide; else why not, as a sentence.</summary>
    /// <param name="isThere">The database holds all of it.</param>
    public string? Refuse(bool isThere) => Beats == 0 ? "the aggregator has just started."
        : isThere ? null : "the database was restored to an earlier state: what was granted since is being collected from the nodes.";

    /// <inheritdoc cref="Refuse"/>
    public async Task<string?> RefuseAsync(SqlSession session) =>
        Refuse(await session.NumberAsync("SELECT count(*) FROM replicas, fleet WHERE id = $1 AND beat >= $2 AND fence >= $3", Replica, Beats, Fence) > 0);
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
