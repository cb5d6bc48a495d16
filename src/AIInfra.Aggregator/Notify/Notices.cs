using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Aggregator.Incidents;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Notify;

/// <summary>One thing that people are told. What it is about is told apart by its labels: the same labels again are the same alert.</summary>
/// <param name="StartsAt">Since when it is so.</param>
/// <param name="EndsAt">Null while it is so.</param>
public sealed record Notice(string Name, string Severity, ImmutableSortedDictionary<string, string> Labels, string Summary, string Description, DateTimeOffset StartsAt, DateTimeOffset? EndsAt)
{
    /// <summary>What tells it apart from others.</summary>
    [JsonIgnore]
    internal string Subject => $"{Name}{string.Concat(Labels.Select(label => $" {label.Key}={label.Value}"))}";

    internal static Notice Breaker(DateTimeOffset at, string why) =>
        new("AIInfraBreakerOpen", "critical", ImmutableSortedDictionary<string, string>.Empty, "The aggregator grants nothing: its breaker is open.", why, at, null);

    internal static Notice BreakerClosed(DateTimeOffset at, string why) => Breaker(at, why) with { EndsAt = at };

    internal static Notice Of(FleetIncident incident) => new("AIInfraIncident", "critical",
        ImmutableSortedDictionary<string, string>.Empty.Add("incident", incident.Id).Add("problem", incident.Problem), // what does not change while it lasts: it is one alert
        incident.Suspect is { } part ? $"{incident.Problem} on {incident.Members.Length} nodes that share {part}" : $"{incident.Problem} on {incident.Members.Length} nodes at once",
        incident.Says, incident.Started, incident.Ended);

    internal static Notice Approval(string node, string operation, string action, string why, DateTimeOffset at) => new("AIInfraApprovalWanted", "warning",
        ImmutableSortedDictionary<string, string>.Empty.Add("node", node).Add("operation", operation).Add("action", action), $"{action} on {node} waits for a person", why, at, null);
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
        """, notice.Subject, JsonSerializer.Serialize(notice, NoticeJson.Default.Notice), session.NowMilliseconds);
}
