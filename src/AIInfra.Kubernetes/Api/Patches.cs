using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace AIInfra.Kubernetes.Api;

/// <summary>A change to an object, in one of the four forms that the API server takes. What it does not name stays as it is.</summary>
public sealed record ApiPatch
{
    private ApiPatch(string contentType, byte[] body) => (ContentType, Body) = (contentType, body);

    public string ContentType { get; }
    public ReadOnlyMemory<byte> Body { get; }
    /// <summary>Take over fields that another manager owns; for <see cref="Apply"/> alone.</summary>
    public bool Force { get; private init; }

    /// <summary>As it is written; for what no type here describes.</summary>
    public static ApiPatch Raw(string contentType, byte[] body) => new(contentType, body);

    /// <summary>Lists with a merge key are merged by it (a node's conditions by <c>type</c>), others are replaced.</summary>
    public static ApiPatch StrategicMerge<T>(T change, JsonTypeInfo<T> type) => new("application/strategic-merge-patch+json", JsonSerializer.SerializeToUtf8Bytes(change, type));

    /// <summary>RFC 7386: a null deletes, a list is replaced.</summary>
    public static ApiPatch Merge<T>(T change, JsonTypeInfo<T> type) => new("application/merge-patch+json", JsonSerializer.SerializeToUtf8Bytes(change, type));

    /// <summary>RFC 6902. A <c>test</c> that fails refuses all of it.</summary>
    public static ApiPatch Json(ImmutableArray<JsonPatchStep> steps) => new("application/json-patch+json", JsonSerializer.SerializeToUtf8Bytes(steps, ApiJson.Default.ImmutableArrayJsonPatchStep));

    /// <summary>Server-side apply: the fields named become the caller's, fields it named before and no longer does are removed.</summary>
    public static ApiPatch Apply<T>(T wanted, JsonTypeInfo<T> type, bool force) => new("application/apply-patch+yaml", JsonSerializer.SerializeToUtf8Bytes(wanted, type)) { Force = force };
}

/// <param name="Op"><c>test</c>, <c>add</c>, <c>replace</c> or <c>remove</c>.</param>
public sealed record JsonPatchStep(string Op, string Path, JsonElement? Value = null)
{
    public static JsonPatchStep Test(string path, string value) => new("test", path, JsonSerializer.SerializeToElement(value, ApiJson.Default.String));
    public static JsonPatchStep Add<T>(string path, T value, JsonTypeInfo<T> type) => new("add", path, JsonSerializer.SerializeToElement(value, type));
    public static JsonPatchStep Remove(string path) => new("remove", path);
}

/// <summary>A merge patch of an object's metadata.</summary>
public sealed record MetadataPatch
{
    public required MetadataChange Metadata { get; init; }
}

public sealed record MetadataChange
{
    /// <summary>The server answers 409 when the object is no longer this one.</summary>
    public string? Uid { get; init; }
    public string? ResourceVersion { get; init; }
    /// <summary>A null deletes.</summary>
    public IReadOnlyDictionary<string, string?>? Labels { get; init; }
    /// <inheritdoc cref="Labels"/>
    public IReadOnlyDictionary<string, string?>? Annotations { get; init; }
}

/// <summary>A strategic-merge patch of a node's conditions: those not named stay.</summary>
public sealed record ConditionsPatch
{
    public MetadataChange? Metadata { get; init; }
    public required ConditionsChange Status { get; init; }
}

public sealed record ConditionsChange
{
    public required ImmutableArray<ConditionChange> Conditions { get; init; }
}

public sealed record ConditionChange
{
    /// <summary><c>delete</c> takes the condition away; null sets it.</summary>
    [JsonPropertyName("$patch")]
    public string? Directive { get; init; }
    public required string Type { get; init; }
    public string? Status { get; init; }
    public string? Reason { get; init; }
    public string? Message { get; init; }
    [JsonConverter(typeof(ApiTime))]
    public DateTimeOffset? LastHeartbeatTime { get; init; }
    [JsonConverter(typeof(ApiTime))]
    public DateTimeOffset? LastTransitionTime { get; init; }
}

/// <summary>A merge patch of an event's series.</summary>
public sealed record SeriesPatch
{
    public required EventSeries Series { get; init; }
}

/// <summary>A merge patch of a lease; a resource version in the metadata makes it compare and swap.</summary>
public sealed record LeasePatch
{
    public required MetadataChange Metadata { get; init; }
    public required LeaseSpec Spec { get; init; }
}
