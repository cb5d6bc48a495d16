using System.Text.Json.Serialization;
using AIInfra.Aggregator.Identity;

namespace AIInfra.Aggregator.Api;

/// <summary>Who asks.</summary>
/// <param name="Role">viewer, operator or admin.</param>
internal sealed record CallerLine(string Name, string Role);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CallerLine))]
internal sealed partial class CallerJson : JsonSerializerContext;

/// <summary>Tells a reader what its token is, so that a page need not offer what would be refused.</summary>
internal sealed class CallerPart : IApiPart
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "/api/v1/caller", TokenRole.Viewer, "The token that asks: its name in the audit, and its role.", CallerJson.Default.CallerLine,
            request => request.WriteAsync(new CallerLine(request.Caller.Name, request.Caller.Role!.Value.ToString().ToLowerInvariant()), CallerJson.Default.CallerLine)),
    ];
}
