using System.Text.Json;
using System.Text.RegularExpressions;

namespace AIInfra.UnitTests.Monitoring;

/// <summary>Checks a document against a JSON Schema, in the words of it that <c>deploy/grafana/dashboard.schema.json</c> uses. Another word is a fault.</summary>
internal sealed class JsonShape(JsonElement schema)
{
    /// <returns>Each fault with the path where it is; empty when the document fits.</returns>
    public IReadOnlyList<string> Faults(JsonElement document)
    {
        var faults = new List<string>();
        Check(schema, document, "$", faults);
        return faults;
    }

    private void Check(JsonElement rule, JsonElement value, string path, List<string> faults)
    {
        foreach (var word in rule.EnumerateObject())
        {
            switch (word.Name)
            {
                case "$schema" or "title" or "$defs":
                    break;
                case "$ref":
                    Check(schema.GetProperty("$defs").GetProperty(word.Value.GetString()!.Split('/')[^1]), value, path, faults);
                    break;
                case "type" when !IsOf(word.Value.GetString()!, value):
                    faults.Add($"{path} is no {word.Value}");
                    return;
                case "type":
                    break;
                case "const" when word.Value.ToString() != value.ToString():
                    faults.Add($"{path} is {value}, not {word.Value}");
                    break;
                case "enum" when word.Value.EnumerateArray().All(allowed => allowed.ToString() != value.ToString()):
                    faults.Add($"{path} is {value}, none of {word.Value}");
                    break;
                case "pattern" when !Regex.IsMatch(value.GetString()!, word.Value.GetString()!):
                    faults.Add($"{path} is {value}, which {word.Value} does not match");
                    break;
                case "minimum" when value.GetDouble() < word.Value.GetDouble():
                    faults.Add($"{path} is {value}, less than {word.Value}");
                    break;
                case "const" or "enum" or "pattern" or "minimum" or "additionalProperties":
                    break;
                case "required":
                    faults.AddRange(word.Value.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{path} has no {name}"));
                    break;
                case "properties":
                    CheckProperties(rule, value, path, faults);
                    break;
                case "items":
                    foreach (var (place, item) in value.EnumerateArray().Index())
                        Check(word.Value, item, $"{path}[{place}]", faults);
                    break;
                default:
                    faults.Add($"the schema uses {word.Name}, which this check does not know");
                    break;
            }
        }
    }

    private void CheckProperties(JsonElement rule, JsonElement value, string path, List<string> faults)
    {
        var known = rule.GetProperty("properties");
        var isClosed = rule.TryGetProperty("additionalProperties", out var more) && more.ValueKind == JsonValueKind.False;
        foreach (var property in value.EnumerateObject())
        {
            if (known.TryGetProperty(property.Name, out var inner))
                Check(inner, property.Value, $"{path}.{property.Name}", faults);
            else if (isClosed)
                faults.Add($"{path} has {property.Name}, which the schema does not know");
        }
    }

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        _ => value.ValueKind == JsonValueKind.Number,
    };
}
