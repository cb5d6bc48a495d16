using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Store;

/// <summary>Keeps the database from growing for ever: removes what is older than anybody asks for. Nothing that is open is removed.</summary>
internal sealed partial class Housekeeping(FleetDatabase database, TimeProvider time, ILogger<Housekeeping> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "housekeeping";

    private static readonly TimeSpan Beat = TimeSpan.FromHours(1);

    /// <summary>Longer than any window of a budget's rate.</summary>
    private static readonly TimeSpan Grants = TimeSpan.FromDays(31), History = TimeSpan.FromDays(90), Trail = TimeSpan.FromDays(365), Questions = TimeSpan.FromDays(7);

    public Task RunAsync(CancellationToken cancellationToken) => StoreBeat.EachAsync(Beat, time, async token =>
    {
        if (await SweepAsync(token) is var removed and > 0)
            LogRemoved(removed);
    }, cancellationToken);

    /// <returns>How many rows were removed.</returns>
    /// <exception cref="StoreException">None was.</exception>
    internal Task<int> SweepAsync(CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        var removed = 0;
        foreach (var (delete, age) in ((string, TimeSpan)[])[
            ("DELETE FROM grant_jobs WHERE EXISTS (SELECT 1 FROM grants g WHERE g.node = grant_jobs.node AND g.operation = grant_jobs.operation AND g.state = 'over' AND g.given_at < $1)", Grants),
            ("DELETE FROM grants WHERE state = 'over' AND given_at < $1", Grants),
            ("DELETE FROM operations WHERE state NOT IN ('intended', 'acted', 'lost') AND changed_at < $1", History),
            ("DELETE FROM cluster_steps WHERE state = 'ended' AND ended_at < $1", History),
            ("DELETE FROM incident_members WHERE incident IN (SELECT id FROM incidents WHERE state = 'ended' AND changed_at < $1)", History),
            ("DELETE FROM incidents WHERE state = 'ended' AND changed_at < $1", History),
            ("DELETE FROM asks WHERE asked_at < $1", Questions),
            ("DELETE FROM audit_denied WHERE last_at < $1", Questions),
            ("DELETE FROM approvals WHERE last_asked < $1 AND approved_until < $1", Questions),
            ("DELETE FROM audit WHERE at < $1", Trail)])
        {
            removed += await session.RunAsync(delete, (session.Now - age).ToUnixTimeMilliseconds());
        }
        return removed;
    }, cancellationToken);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} old rows were removed from the store")]
    private partial void LogRemoved(int count);
}
