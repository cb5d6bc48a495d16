using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Incidents;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Notify;

/// <summary>Delivers what waits in the database. Replicas share the work: each takes some rows for a minute. What cannot be delivered is tried again later and later, then
/// laid aside as dead, and said. To an Alertmanager, which forgets, what is still so is told again each minute or two.</summary>
internal sealed partial class NoticeSender(FleetDatabase database, Replicas replicas, NoticeTargets targets, NotifyOptions options, TimeProvider time, ILogger<NoticeSender> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "notices";

    private const int AtOnce = 20;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1), Taken = TimeSpan.FromMinutes(1), FirstWait = TimeSpan.FromSeconds(5), LongestWait = TimeSpan.FromMinutes(10), TellAgain = TimeSpan.FromMinutes(2), Kept = TimeSpan.FromDays(7);

    private sealed record Row(long Id, string Target, string Body, int Attempts);

    public Task RunAsync(CancellationToken cancellationToken)
    {
        var told = time.GetTimestamp();
        return StoreBeat.EachAsync(Beat, time, async token =>
        {
            while (await SendOnceAsync(token) == AtOnce)
                ;
            if (time.GetElapsedTime(told) < TellAgain)
                return;
            told = time.GetTimestamp();
            await TellLevelsAsync(token);
        }, cancellationToken);
    }

    /// <returns>How many were tried.</returns>
    /// <exception cref="StoreException">The queue cannot be read.</exception>
    internal async Task<int> SendOnceAsync(CancellationToken cancellationToken)
    {
        var rows = await database.WriteAsync(TakeAsync, cancellationToken);
        foreach (var row in rows)
        {
            var notice = Read(row.Body);
            var delivery = notice is null ? new Delivery("the row cannot be read.", true) : await targets.SendAsync(row.Target, row.Id, notice, cancellationToken);
            await database.WriteAsync(session => NoteAsync(session, row, delivery), cancellationToken);
        }
        return rows.Count;
    }

    /// <summary>What is so now, whoever forgot it.</summary>
    internal async Task TellLevelsAsync(CancellationToken cancellationToken)
    {
        if (targets.Alertmanagers.IsEmpty)
            return;
        var levels = await database.ReadAsync(async session =>
        {
            var now = new List<Notice>();
            if (await GrantRows.BreakerAsync(session) is { Since: { } since } breaker)
                now.Add(Notice.Breaker(since, breaker.Why));
            now.AddRange((await IncidentStore.OpenAsync(session)).Select(Notice.Of));
            return now;
        }, cancellationToken);
        foreach (var target in levels.Count == 0 ? [] : targets.Alertmanagers)
        {
            if ((await targets.AlertAsync(target, levels, cancellationToken)).Says is { } says)
                LogUntold(says);
        }
    }

    private async Task<List<Row>> TakeAsync(SqlSession session)
    {
        var now = session.NowMilliseconds;
        foreach (var (id, subject, body, made) in await session.AllAsync("SELECT id, subject, body, made_at FROM notices WHERE state = 'new' ORDER BY id LIMIT 100",
            row => (row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3))))
        {
            if (await session.RunAsync("DELETE FROM notices WHERE id = $1 AND state = 'new'", id) == 0)
                continue; // another replica was faster
            foreach (var target in targets.Names)
            {
                if (target != NoticeTargets.Webhook) // of a level only the newest counts; a webhook gets each event
                    await session.RunAsync("DELETE FROM notices WHERE subject = $1 AND target = $2 AND state = 'due' AND taken_until <= $3", subject, target, now);
                await session.RunAsync("""
                    INSERT INTO notices (subject, target, body, made_at, due_at, attempts, taken_by, taken_until, state, says) VALUES ($1, $2, $3, $4, $4, 0, '', 0, 'due', '')
                    """, subject, target, body, made);
            }
        }
        await session.RunAsync("DELETE FROM notices WHERE state IN ('sent', 'dead') AND made_at < $1", now - (long)Kept.TotalMilliseconds);
        var until = now + (long)Taken.TotalMilliseconds;
        await session.RunAsync("""
            UPDATE notices SET taken_by = $1, taken_until = $2 WHERE taken_until <= $3 AND id IN (SELECT id FROM notices WHERE state = 'due' AND due_at <= $3 AND taken_until <= $3 ORDER BY id LIMIT $4)
            """, replicas.Id, until, now, AtOnce);
        return await session.AllAsync("SELECT id, target, body, attempts FROM notices WHERE state = 'due' AND taken_by = $1 AND taken_until = $2 ORDER BY id",
            row => new Row(row.GetInt64(0), row.GetString(1), row.GetString(2), (int)row.GetInt64(3)), replicas.Id, until);
    }

    private async Task<bool> NoteAsync(SqlSession session, Row row, Delivery delivery)
    {
        if (delivery.Says is not { } says)
        {
            await session.RunAsync("UPDATE notices SET state = 'sent', attempts = attempts + 1, taken_until = 0 WHERE id = $1", row.Id);
            return true;
        }
        var attempts = row.Attempts + 1;
        var isDead = delivery.IsFinal || attempts >= options.Attempts;
        var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(attempts - 1, 10)));
        await session.RunAsync("UPDATE notices SET state = $2, attempts = $3, due_at = $4, taken_until = 0, says = $5 WHERE id = $1",
            row.Id, isDead ? "dead" : "due", attempts, session.NowMilliseconds + (long)(wait.TotalMilliseconds * (0.8 + (0.4 * Random.Shared.NextDouble()))), says);
        if (isDead)
        {
            await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", "notice.dead", "", "", $"notice {row.Id} was given up after {attempts} attempts: {says}"));
            LogDead(row.Id, attempts, says);
        }
        return false;
    }

    private static Notice? Read(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, NoticeJson.Default.Notice);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Notice {Id} was given up after {Attempts} attempts: {Why}")]
    private partial void LogDead(long id, int attempts, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is still so could not be told again: {Why}")]
    private partial void LogUntold(string why);
}

/// <summary>What could not be delivered.</summary>
public sealed class DeadLetters(FleetDatabase database)
{
    /// <summary>The newest first.</summary>
    /// <exception cref="StoreException">They cannot be read.</exception>
    public async Task<ImmutableArray<DeadLetter>> ReadAsync(CancellationToken cancellationToken) => [.. await database.ReadAsync(session => session.AllAsync(
        "SELECT id, target, subject, made_at, attempts, says FROM notices WHERE state = 'dead' ORDER BY id DESC LIMIT 1000",
        row => new DeadLetter(row.GetInt64(0), row.GetString(1), row.GetString(2), row.Time(3), (int)row.GetInt64(4), row.GetString(5))), cancellationToken)];

    /// <summary>Tries it again from the start.</summary>
    /// <returns>False when there is none of that number.</returns>
    /// <exception cref="StoreException">It is not done.</exception>
    public Task<bool> RetryAsync(long id, string actor, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        if (await session.RunAsync("UPDATE notices SET state = 'due', attempts = 0, due_at = $2, taken_until = 0 WHERE id = $1 AND state = 'dead'", id, session.NowMilliseconds) == 0)
            return false;
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, actor, "notice.retried", "", "", $"notice {id}."));
        return true;
    }, cancellationToken);
}

/// <param name="Subject">What it is about.</param>
/// <param name="Says">Why the last attempt failed.</param>
public sealed record DeadLetter(long Id, string Target, string Subject, DateTimeOffset Made, int Attempts, string Says);
