using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Notify;
using AIInfra.Aggregator.Store;

namespace AIInfra.Aggregator.Incidents;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FleetIncident))]
internal sealed partial class IncidentJson : JsonSerializerContext;

/// <summary>Incidents in the database. Every replica looks for them; whoever is first makes one, the others find it.</summary>
public sealed class IncidentStore(FleetDatabase database)
{
    private const int MostRead = 1000;

    /// <summary>Those that are open, then the ended ones, the newest first.</summary>
    /// <exception cref="StoreException">They cannot be read.</exception>
    public async Task<ImmutableArray<FleetIncident>> ReadAsync(int limit, CancellationToken cancellationToken) =>
        [.. (await database.ReadAsync(session => session.AllAsync("SELECT body FROM incidents ORDER BY CASE state WHEN 'open' THEN 0 ELSE 1 END, changed_at DESC, id LIMIT $1",
            row => Read(row.GetString(0)), Math.Clamp(limit, 1, MostRead)), cancellationToken)).OfType<FleetIncident>()];

    /// <summary>Brings the incidents to what was found: one that overlaps with an open one is that one, with its new members.</summary>
    /// <param name="standing">Nodes on which each problem stands now: an incident ends when it stands on none of its members.</param>
    /// <returns>How many were made, changed or ended.</returns>
    internal async Task<int> ApplyAsync(ImmutableArray<Found> found, ILookup<string, string> standing, CancellationToken cancellationToken) => await database.DecideAsync(async session =>
    {
        var open = await OpenAsync(session);
        var changes = 0;
        foreach (var one in found)
        {
            var known = open.Find(incident => incident.Problem == one.Problem && (incident.Suspect == one.Suspect || incident.Members.Intersect(one.Members, StringComparer.Ordinal).Any()));
            if (known is null)
            {
                var made = Make(one, session.Now);
                await WriteAsync(session, made, "incident.opened");
                open.Add(made);
                changes++;
            }
            else if (one.Members.Except(known.Members, StringComparer.Ordinal).Any() || (known.Suspect is null && one.Suspect is not null))
            {
                var wider = known with
                {
                    Members = [.. known.Members.Union(one.Members, StringComparer.Ordinal).Order(StringComparer.Ordinal)],
                    Suspect = one.Suspect ?? known.Suspect,
                    OfNodes = one.OfNodes,
                    Changed = session.Now,
                };
                open[open.IndexOf(known)] = wider;
                await WriteAsync(session, wider, "incident.grew");
                changes++;
            }
        }
        foreach (var over in open.Where(incident => !incident.Members.Intersect(standing[incident.Problem], StringComparer.Ordinal).Any()))
        {
            await WriteAsync(session, over with { Ended = session.Now, Changed = session.Now }, "incident.ended");
            changes++;
        }
        return changes;
    }, cancellationToken);

    internal static async Task<List<FleetIncident>> OpenAsync(SqlSession session) =>
        [.. (await session.AllAsync("SELECT body FROM incidents WHERE state = 'open' ORDER BY id", row => Read(row.GetString(0)))).OfType<FleetIncident>()];

    private static FleetIncident Make(Found found, DateTimeOffset now) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}-{found.Members[0]}"),
        Problem = found.Problem,
        Started = found.Started,
        Changed = now,
        Suspect = found.Suspect,
        OfNodes = found.OfNodes,
        Members = found.Members,
    };

    private static async Task WriteAsync(SqlSession session, FleetIncident incident, string what)
    {
        var state = incident.Ended is null ? "open" : "ended";
        await session.RunAsync("""
            INSERT INTO incidents VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at, body = excluded.body
            """, incident.Id, state, incident.Problem, incident.Started.ToUnixTimeMilliseconds(), incident.Changed.ToUnixTimeMilliseconds(), JsonSerializer.Serialize(incident, IncidentJson.Default.FleetIncident));
        if (what != "incident.ended")
        {
            foreach (var node in incident.Members)
                await session.RunAsync("INSERT INTO incident_members VALUES ($1, $2) ON CONFLICT DO NOTHING", incident.Id, node);
        }
        await AuditLog.WriteAsync(session, new AuditEntry(session.Now, "aggregator", what, "", "", $"{incident.Id}: {incident.Says}"));
        await Notices.AddAsync(session, Notice.Of(incident));
    }

    private static FleetIncident? Read(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, IncidentJson.Default.FleetIncident);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
