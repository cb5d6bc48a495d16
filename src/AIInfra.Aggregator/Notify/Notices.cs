using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Notify;

/// <summary>One thing that people are told. What it is about is told apart by its labels: the same labels again are the same alert.</summary>
/// <param name="StartsAt">Since when it is so.</param>
/// <param name="EndsAt">Null while it is so.</param>
public sealed record Notice(string Name, string Severity, ImmutableSortedDictionary<string, string> Labels, string Summary, string Description, DateTimeOffset StartsAt, DateTimeOffset? EndsAt)
{
    internal static Notice Breaker(DateTimeOffset at, string why) =>
        new("AIInfraBreakerOpen", "critical", ImmutableSortedDictionary<string, string>.Empty, "The aggregator grants nothing: its breaker is open.", why, at, null);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Notice))]
internal sealed partial class NoticeJson : JsonSerializerContext;

/// <summary>What waits to be told, in the database: written in the transaction in which it came about, so that none is lost and none is told that did not happen.</summary>
internal static class Notices
{
    /// <summary>For every target that is known when it is sent; the one row becomes one for each.</summary>
    public static Task AddAsync(SqlSession session, Notice notice) => session.RunAsync("""
        INSERT INTO notices (subject, target, body, made_at, due_at, attempts, taken_by, taken_until, state, says) VALUES ($1, '', $2, $3, $3, 0, '', 0, 'new', '')
        """, notice.Name, JsonSerializer.Serialize(notice, NoticeJson.Default.Notice), session.NowMilliseconds);
}
