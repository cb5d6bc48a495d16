using System.Globalization;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Identity;

namespace AIInfra.Aggregator.Api;

/// <summary>The trail of what was decided and done.</summary>
internal sealed class AuditPart(IAuditLog audit) : IApiPart
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "/api/v1/audit", TokenRole.Viewer, "What was decided and done, and why; the newest first.", ApiJson.Default.PageOfAudit, AnswerAsync)
        {
            Query =
            [
                ApiQuery.Text("node", "Only what concerns this node."), ApiQuery.Text("operation", "Only what concerns this operation."),
                ApiQuery.Text("what", "Only what begins so: grant."), ApiQuery.Limit,
                new("after", "Goes on after a page: the `next` of that.", "the next of an earlier page", text => long.TryParse(text, out _)),
            ],
        },
    ];

    private async Task AnswerAsync(ApiRequest request)
    {
        long? before = request.Query("after") is { } after ? long.Parse(after, CultureInfo.InvariantCulture) : null;
        var entries = await audit.ReadAsync(new AuditQuery(before, request.Query("node"), request.Query("operation"), request.Query("what"), request.Limit), request.Aborted);
        var next = entries.Length == request.Limit ? entries[^1].Id.ToString(CultureInfo.InvariantCulture) : null;
        await request.WriteAsync(new ApiPage<AuditEntry>(entries, next), ApiJson.Default.PageOfAudit);
    }
}
