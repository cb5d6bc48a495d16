using System.Globalization;
using System.Text.Json.Serialization;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Incidents;
using AIInfra.Aggregator.Notify;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Aggregator.Api;

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BudgetReport))]
[JsonSerializable(typeof(ApiPage<FleetIncident>), TypeInfoPropertyName = "PageOfIncidents")]
[JsonSerializable(typeof(ApiPage<DeadLetter>), TypeInfoPropertyName = "PageOfDeadLetters")]
internal sealed partial class BudgetJson : JsonSerializerContext;

/// <summary>The budgets as they stand, and what people do to them.</summary>
internal sealed class BudgetPart(GrantControls controls, TimeProvider time) : IApiPart
{
    private static readonly ApiQuery
        Label = ApiQuery.Text("label", "Of the nodes with this label; left out: the whole fleet."),
        Value = ApiQuery.Text("value", "The label's value; left out: the nodes that lack the label."),
        Node = ApiQuery.Text("node", "Of this node alone."),
        Says = ApiQuery.Text("says", "The reason, for the audit."),
        Minutes = new("minutes", "How long; left out: until it is taken back.", "a whole number from 1 to 43200", text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 43200);

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "/api/v1/budgets", TokenRole.Viewer, "How the budgets stand: domains, grants, pauses, what waits for a person, the breaker.", BudgetJson.Default.BudgetReport,
            async request => await request.WriteAsync(await controls.ReportAsync(request.Aborted), BudgetJson.Default.BudgetReport)),
        new("POST", "/api/v1/approvals/{node}/{operation}", TokenRole.Operator, "Allows an operation that waits, once.", null,
            async request => await Done(request, await controls.ApproveAsync(request.Value("node"), request.Value("operation"), request.Caller.Name, request.Aborted), "No such operation waits.")),
        new("DELETE", "/api/v1/grants/{node}/{operation}", TokenRole.Operator, "Takes a grant back; the node is told at once, and begins no further step.", null,
            async request => await Done(request, await controls.RevokeAsync(request.Value("node"), request.Value("operation"), request.Caller.Name, request.Query("says") ?? "", request.Aborted), "The operation holds no grant.")) { Query = [Says] },
        new("POST", "/api/v1/pauses", TokenRole.Operator, "No new grants, of the fleet, a domain or a node; what has one goes on.", null, PauseAsync) { Query = [Label, Value, Node, Says, Minutes] },
        new("DELETE", "/api/v1/pauses", TokenRole.Operator, "Takes a pause back.", null,
            async request => await Done(request, await controls.ResumeAsync(Scope(request), request.Caller.Name, request.Aborted), "There is no pause there.")) { Query = [Label, Value, Node] },
        new("DELETE", "/api/v1/breaker", TokenRole.Operator, "Closes the breaker.", null,
            async request => await Done(request, await controls.CloseBreakerAsync(request.Caller.Name, request.Query("says") ?? "", request.Aborted), "The breaker is closed.")) { Query = [Says] },
    ];

    private async Task PauseAsync(ApiRequest request)
    {
        DateTimeOffset? until = request.Query("minutes") is { } minutes ? time.GetUtcNow().AddMinutes(int.Parse(minutes, CultureInfo.InvariantCulture)) : null;
        await controls.PauseAsync(Scope(request), request.Caller.Name, request.Query("says") ?? "", until, request.Aborted);
        await Done(request, true, "");
    }

    private static PauseScope Scope(ApiRequest request) => request.Query("node") is { } node ? PauseScope.Node(node)
        : request.Query("label") is { } label ? PauseScope.Domain(label, request.Query("value")) : PauseScope.Fleet;

    internal static Task Done(ApiRequest request, bool isDone, string otherwise)
    {
        if (!isDone)
            return request.RefuseAsync(StatusCodes.Status404NotFound, otherwise);
        request.Context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }
}

/// <summary>What began on several nodes at once, and what nobody could be told.</summary>
internal sealed class IncidentPart(IncidentStore incidents, DeadLetters letters) : IApiPart
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "/api/v1/incidents", TokenRole.Viewer, "Incidents of several nodes: the open ones first, then the newest.", BudgetJson.Default.PageOfIncidents,
            async request => await request.WriteAsync(new ApiPage<FleetIncident>(await incidents.ReadAsync(request.Limit, request.Aborted), null), BudgetJson.Default.PageOfIncidents)) { Query = [ApiQuery.Limit] },
        new("GET", "/api/v1/dead-letters", TokenRole.Viewer, "Notices that could not be delivered, the newest first.", BudgetJson.Default.PageOfDeadLetters,
            async request => await request.WriteAsync(new ApiPage<DeadLetter>(await letters.ReadAsync(request.Aborted), null), BudgetJson.Default.PageOfDeadLetters)),
        new("POST", "/api/v1/dead-letters/{id}", TokenRole.Operator, "Tries such a notice again.", null, async request => await BudgetPart.Done(request,
            long.TryParse(request.Value("id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && await letters.RetryAsync(id, request.Caller.Name, request.Aborted), "There is none of that number.")),
    ];
}
