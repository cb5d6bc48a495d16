using System.Text.Json;

namespace AIInfra.Core.Hosting;

/// <summary>What System.Text.Json says to a text that is not JSON, and, while a document is looked through, to a name or text that holds half a character (a lone \ud800).</summary>
public static class BrokenJson
{
    public static bool IsTold(Exception fault) => fault is JsonException or InvalidOperationException;
}
