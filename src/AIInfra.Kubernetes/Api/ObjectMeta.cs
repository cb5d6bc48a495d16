using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace AIInfra.Kubernetes.Api;

/// <summary>The part of an object's metadata that is used. Unknown fields are passed over when read; no object is written back whole.</summary>
public sealed record ObjectMeta
{
    public string? Name { get; init; }
    public string? Namespace { get; init; }
    /// <summary>Another one under the same name is another object.</summary>
    public string? Uid { get; init; }
    public string? ResourceVersion { get; init; }
    public ImmutableSortedDictionary<string, string>? Labels { get; init; }
    public ImmutableSortedDictionary<string, string>? Annotations { get; init; }
    /// <summary>When it has to be gone: it is being deleted.</summary>
    [JsonConverter(typeof(ApiTime))]
    public DateTimeOffset? DeletionTimestamp { get; init; }
    /// <summary>Who has to let go before it is.</summary>
    public ImmutableArray<string>? Finalizers { get; init; }
    public ImmutableArray<OwnerReference>? OwnerReferences { get; init; }
}

/// <param name="Controller">True for the one that makes another when this one goes.</param>
public sealed record OwnerReference(string? Kind, string? Name, bool? Controller);

/// <summary>Any kind that the client reads.</summary>
public abstract record ApiObject
{
    public string? ApiVersion { get; init; }
    public string? Kind { get; init; }
    public ObjectMeta Metadata { get; init => field = value ?? new ObjectMeta(); } = new();
}

/// <summary>One page of a list.</summary>
public sealed record ObjectList<T>
{
    public ListMeta Metadata { get; init => field = value ?? new ListMeta(); } = new();
    public ImmutableArray<T> Items { get; init => field = value.IsDefault ? [] : value; } = [];
}

public sealed record ListMeta
{
    /// <summary>Where a watch goes on from.</summary>
    public string? ResourceVersion { get; init; }
    /// <summary>Of the next page; empty on the last.</summary>
    public string? Continue { get; init; }
}

/// <summary>The server's answer when something was not done (meta/v1 Status).</summary>
public sealed record ApiStatus
{
    public string? Kind { get; init; }
    public string? Message { get; init; }
    public string? Reason { get; init; }
    public int? Code { get; init; }
    public ApiStatusDetails? Details { get; init; }
}

public sealed record ApiStatusDetails
{
    public int? RetryAfterSeconds { get; init; }
    public ImmutableArray<ApiStatusCause> Causes { get; init => field = value.IsDefault ? [] : value; } = [];
}

public sealed record ApiStatusCause
{
    public string? Reason { get; init; }
    public string? Message { get; init; }
}
