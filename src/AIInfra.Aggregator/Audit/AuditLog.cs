using System.Collections.Immutable;
using System.Data.Common;
using System.Text;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Audit;

/// <summary>The trail in the database. What is decided in a transaction is written in the same one.</summary>
internal sealed class AuditLog(FleetDatabase database) : IAuditLog
{
    private const string Insert = "INSERT INTO audit (at, actor, what, node, operation, says) VALUES ($1, $2, $3, $4, $5, $6)";
    private const int LongestText = 2000, MostAtOnce = 1000;

    public Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken) => database.WriteAsync(async session =>
    {
        await WriteAsync(session, entry);
        return true;
    }, cancellationToken);

    public async Task<ImmutableArray<AuditEntry>> ReadAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        var text = new StringBuilder("SELECT id, at, actor, what, node, operation, says FROM audit WHERE id < $1");
        var values = new List<object?> { query.Before ?? long.MaxValue };
        Narrow("node =", query.Node);
        Narrow("operation =", query.Operation);
        if (query.What is { Length: > 0 } prefix)
            Narrow($"substr(what, 1, {prefix.Length}) =", prefix);
        values.Add(Math.Clamp(query.Limit, 1, MostAtOnce));
        text.Append($" ORDER BY id DESC LIMIT ${values.Count}");
        return [.. await database.ReadAsync(session => session.AllAsync(text.ToString(), Read, [.. values]), cancellationToken)];

        void Narrow(string column, string? value)
        {
            if (value is null)
                return;
            values.Add(value);
            text.Append($" AND {column} ${values.Count}");
        }
    }

    internal static Task WriteAsync(SqlSession session, AuditEntry entry) => session.RunAsync(Insert, Values(entry));

    internal static void Queue(SqlSession session, AuditEntry entry) => session.Queue(Insert, Values(entry));

    /// <summary>A refusal that says the same as the one before it is counted, not written again: a fleet that asks each half minute would fill the disk.</summary>
    /// <param name="rule">What it says the same is judged by: numbers in the sentence may differ.</param>
    internal static async Task WriteDeniedAsync(SqlSession session, AuditEntry entry, string rule)
    {
        var last = await session.FirstAsync("SELECT says FROM audit_denied WHERE node = $1 AND operation = $2", row => row.GetString(0), entry.Node, entry.Operation);
        await session.RunAsync("""
            INSERT INTO audit_denied VALUES ($1, $2, $3, 1, $4) ON CONFLICT (node, operation) DO UPDATE SET last_at = excluded.last_at, says = excluded.says,
                times = CASE WHEN audit_denied.says = excluded.says THEN audit_denied.times + 1 ELSE 1 END
            """, entry.Node, entry.Operation, rule, entry.At.ToUnixTimeMilliseconds());
        if (last != rule)
            await WriteAsync(session, entry);
    }

    private static object?[] Values(AuditEntry entry) => [entry.At.ToUnixTimeMilliseconds(), Fit(entry.Actor), entry.What, entry.Node, entry.Operation, Fit(entry.Says)];

    private static AuditEntry Read(DbDataReader row) =>
        new(row.GetInt64(0), row.Time(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6));

    private static string Fit(string text) => text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[LongestText - 2]) ? LongestText - 2 : LongestText - 1), "…");
}
