using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Aggregator.Nodes;

namespace AIInfra.Aggregator.Store;

/// <summary>How a node is written into its row. A member that a later version adds is optional: older rows lack it.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeRecord))]
[JsonSerializable(typeof(OperationRecord))]
[JsonSerializable(typeof(ImmutableArray<string>))]
internal sealed partial class StoreJson : JsonSerializerContext;

/// <summary>What of a node decides about grants, drawn out of its record so that the database can count it.</summary>
internal static class NodeRows
{
    /// <summary>Null for a row that this program cannot understand.</summary>
    public static NodeRecord? Read(string body, bool isConnected, DateTimeOffset lastHeard)
    {
        try
        {
            return JsonSerializer.Deserialize(body, StoreJson.Default.NodeRecord) is { } node ? Whole(node) with { IsConnected = isConnected, LastHeard = lastHeard } : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static string Write(NodeRecord node) => JsonSerializer.Serialize(node, StoreJson.Default.NodeRecord);

    /// <summary>Jobs of which the node runs a part, in order, each once.</summary>
    public static ImmutableArray<string> Jobs(NodeRecord node) =>
        [.. node.Workloads.Select(workload => workload.Job).Where(job => job.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Why it takes no work although no grant is held for it; empty when it does. Only what was done to it counts, not what is wrong with it: a budget bounds
    /// what is taken away, and a burst of faults must not keep the first of them from being mended.</summary>
    public static string OutOfService(NodeRecord node)
    {
        var last = node.Operations.Where(step => step is { Action: "cordon", Outcome: "done" } or { Action: "uncordon", Outcome: "done" or "not-possible" })
            .MaxBy(step => step.Closed ?? step.Acted ?? step.Intended ?? DateTimeOffset.MinValue);
        return last is { Action: "cordon" } ? $"cordoned by operation {last.Operation}" : "";
    }

    /// <summary>In which domain of a label it is: <c>=r7</c>; empty without the label, and all those are one domain together.</summary>
    public static string Domain(NodeRecord node, string label) => node.Facts.Labels.TryGetValue(label, out var value) ? $"={value}" : "";

    /// <summary>The domains of a node, as its row has them: <c>["rack=r7","zone"]</c>.</summary>
    public static string DomainText(NodeRecord node, ImmutableArray<string> labels) => Text(labels.Select(label => label + Domain(node, label)));

    /// <summary>By label; see <see cref="Domain"/>.</summary>
    public static ImmutableSortedDictionary<string, string> Domains(string text) => List(text)
        .Select(domain => (Domain: domain, End: domain.IndexOf('=', StringComparison.Ordinal))) // no label holds it
        .ToImmutableSortedDictionary(one => one.End < 0 ? one.Domain : one.Domain[..one.End], one => one.End < 0 ? "" : one.Domain[one.End..], StringComparer.Ordinal);

    /// <summary>What stands in the row of each node that is in the domain, and of no other's.</summary>
    public static string DomainMark(string label, string value) => Text([label + value])[1..^1];

    /// <summary>Something of the operation is not over.</summary>
    public static bool IsOpen(OperationRecord step) => step.State is "intended" or "acted";

    /// <summary>One text per list, to compare.</summary>
    public static string Text(IEnumerable<string> values) => JsonSerializer.Serialize([.. values], StoreJson.Default.ImmutableArrayString);

    public static ImmutableArray<string> List(string text) => JsonSerializer.Deserialize(text, StoreJson.Default.ImmutableArrayString) is { IsDefault: false } values ? values : [];

    private static NodeRecord Whole(NodeRecord node) => node with
    {
        Facts = node.Facts ?? NodeFacts.Unknown,
        Devices = node.Devices.IsDefault ? [] : node.Devices,
        Problems = node.Problems.IsDefault ? [] : [.. node.Problems.Select(problem => problem.Evidence.IsDefault ? problem with { Evidence = [] } : problem)],
        Workloads = node.Workloads.IsDefault ? [] : node.Workloads,
        Operations = node.Operations.IsDefault ? [] : node.Operations,
    };
}
