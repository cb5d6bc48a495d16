using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace AIInfra.Aggregator.Api;

/// <summary>The OpenAPI 3.1 document, made from the routes themselves.</summary>
internal static class OpenApiDocument
{
    /// <returns>JSON.</returns>
    public static byte[] Write(IEnumerable<ApiRoute> routes)
    {
        var paths = new JsonObject();
        foreach (var path in routes.GroupBy(route => route.Template, StringComparer.Ordinal).OrderBy(path => path.Key, StringComparer.Ordinal))
            paths[path.Key] = new JsonObject(path.Select(route => KeyValuePair.Create<string, JsonNode?>(route.Method.ToLowerInvariant(), Operation(route))));
        var document = new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "aiinfra-aggregator", ["version"] = ProgramInfo.Version, ["description"] = "The fleet as the aggregator knows it." },
            ["security"] = new JsonArray(new JsonObject { ["token"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
                ["schemas"] = new JsonObject { ["Problem"] = ApiJson.Default.ApiProblem.GetJsonSchemaAsNode() },
            },
        };
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
            document.WriteTo(json);
        return stream.ToArray();
    }

    private static JsonObject Operation(ApiRoute route)
    {
        var parameters = new JsonArray();
        foreach (var name in route.Template.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}')))
            parameters.Add((JsonNode)Parameter(name, "path", null, isRequired: true));
        foreach (var query in route.Query)
            parameters.Add((JsonNode)Parameter(query.Name, "query", $"{query.Says} Must be {query.Form}.", isRequired: false));
        var success = new JsonObject { ["description"] = "Done." };
        if (route.Returns is { } type)
            success["content"] = new JsonObject { [route.Media] = new JsonObject { ["schema"] = type.GetJsonSchemaAsNode() } };
        return new JsonObject
        {
            ["summary"] = route.Says,
            ["description"] = $"Takes the role {route.Role.ToString().ToLowerInvariant()}.",
            ["parameters"] = parameters,
            ["responses"] = new JsonObject
            {
                [route.Returns is null ? "204" : "200"] = success,
                ["default"] = new JsonObject
                {
                    ["description"] = "Not done; it says why.",
                    ["content"] = new JsonObject { ["application/problem+json"] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Problem" } } },
                },
            },
        };
    }

    private static JsonObject Parameter(string name, string place, string? says, bool isRequired)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = place, ["required"] = isRequired, ["schema"] = new JsonObject { ["type"] = "string" } };
        if (says is not null)
            parameter["description"] = says;
        return parameter;
    }
}
