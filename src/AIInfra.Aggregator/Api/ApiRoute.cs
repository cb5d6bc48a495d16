using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Aggregator.Identity;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Aggregator.Api;

/// <summary>One method on one path of the API: what the router checks and what the OpenAPI document says are the same.</summary>
/// <param name="Template"><c>/api/v1/nodes/{name}</c>.</param>
/// <param name="Role">Least role of the caller.</param>
/// <param name="Says">One sentence for the document.</param>
/// <param name="Returns">Of a success; null: none, or no JSON.</param>
internal sealed record ApiRoute(string Method, string Template, TokenRole Role, string Says, JsonTypeInfo? Returns, Func<ApiRequest, Task> Answer)
{
    /// <summary>All that may stand in the query; anything else is refused by name.</summary>
    public ImmutableArray<ApiQuery> Query { get; init; } = [];
    public string Media { get; init; } = "application/json";

    private readonly ImmutableArray<string> _segments = [.. Template.Split('/')];

    /// <summary>The values of the parts in braces; null when the path is another.</summary>
    public ImmutableDictionary<string, string>? Match(ReadOnlySpan<string> path)
    {
        if (path.Length != _segments.Length)
            return null;
        var values = ImmutableDictionary<string, string>.Empty;
        for (var at = 0; at < path.Length; at++)
        {
            if (_segments[at] is ['{', .. var name, '}'])
                values = values.SetItem(name, path[at]);
            else if (_segments[at] != path[at])
                return null;
        }
        return values;
    }
}

/// <param name="Form">What may stand there, to complete "must be …".</param>
internal sealed record ApiQuery(string Name, string Says, string Form, Func<string, bool> IsGood)
{
    public static ApiQuery Text(string name, string says) => new(name, says, "a text of 1 to 253 characters", text => text.Length is > 0 and <= 253);

    public static ApiQuery Choice(string name, string says, params ImmutableArray<string> words) => new(name, says, $"one of {string.Join(", ", words)}", words.Contains);

    public static ApiQuery Limit { get; } = new("limit", "Most items of a page; 100 when left out.", "a whole number from 1 to 1000", text => int.TryParse(text, out var number) && number is >= 1 and <= 1000);

    public static ApiQuery After { get; } = new("after", "Goes on after a page: the `next` of that.", "the next of an earlier page", text => text.Length is > 0 and <= 2000);
}

/// <summary>Brings routes of its own to the API.</summary>
internal interface IApiPart
{
    IEnumerable<ApiRoute> Routes { get; }
}

/// <summary>One request that was let in: its query holds only what its route declares, and that is good.</summary>
internal sealed class ApiRequest(HttpContext context, Caller caller, ImmutableDictionary<string, string> values)
{
    public HttpContext Context => context;
    public Caller Caller => caller;
    public CancellationToken Aborted => context.RequestAborted;

    /// <summary>A part of the path.</summary>
    public string Value(string name) => values[name];

    /// <summary>Null when it is not in the query.</summary>
    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var value) && value.Count > 0 ? value[^1] : null;

    public int Limit => Query("limit") is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 100;

    public Task WriteAsync<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) => ApiAnswers.WriteAsync(context, value, type, status);

    public Task RefuseAsync(int status, string detail) => ApiAnswers.RefuseAsync(context, status, detail);
}
