using System.Text.Json.Serialization.Metadata;

namespace AIInfra.Kubernetes.Api;

/// <summary>A kind of object and where it is served.</summary>
/// <param name="Root"><c>/api/v1</c>, or <c>/apis/GROUP/VERSION</c>.</param>
/// <param name="Plural">As in the path: <c>nodes</c>.</param>
public sealed record ApiResource<T>(string Root, string Plural, JsonTypeInfo<T> One, JsonTypeInfo<ObjectList<T>> Many) where T : ApiObject
{
    /// <param name="inNamespace">Null for a kind without namespaces, or for all of them.</param>
    public string Path(string? inNamespace, string? name = null, string? subresource = null)
    {
        var place = inNamespace is null ? "" : $"/namespaces/{Uri.EscapeDataString(inNamespace)}";
        var one = name is null ? "" : $"/{Uri.EscapeDataString(name)}";
        return $"{Root}{place}/{Plural}{one}{(subresource is null ? "" : $"/{subresource}")}";
    }
}

public static class ApiResources
{
    public static ApiResource<NodeObject> Nodes { get; } = new("/api/v1", "nodes", ApiJson.Default.NodeObject, ApiJson.Default.ObjectListNodeObject);
    public static ApiResource<PodObject> Pods { get; } = new("/api/v1", "pods", ApiJson.Default.PodObject, ApiJson.Default.ObjectListPodObject);
    public static ApiResource<BudgetObject> Budgets { get; } = new("/apis/policy/v1", "poddisruptionbudgets", ApiJson.Default.BudgetObject, ApiJson.Default.ObjectListBudgetObject);
    public static ApiResource<EventObject> Events { get; } = new("/apis/events.k8s.io/v1", "events", ApiJson.Default.EventObject, ApiJson.Default.ObjectListEventObject);
    public static ApiResource<LeaseObject> Leases { get; } = new("/apis/coordination.k8s.io/v1", "leases", ApiJson.Default.LeaseObject, ApiJson.Default.ObjectListLeaseObject);
}
