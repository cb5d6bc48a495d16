using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace AIInfra.Kubernetes.Api;

/// <summary>Only delete what is meant: an object of this uid, as it was last read.</summary>
public sealed record Preconditions
{
    public string? Uid { get; init; }
    public string? ResourceVersion { get; init; }
}

public sealed record DeleteOptions
{
    public string ApiVersion { get; init; } = "v1";
    public string Kind { get; init; } = "DeleteOptions";
    public int? GracePeriodSeconds { get; init; }
    public Preconditions? Preconditions { get; init; }
    public ImmutableArray<string>? DryRun { get; init; }
}

/// <summary>policy/v1.</summary>
public sealed record Eviction
{
    public string ApiVersion { get; init; } = "policy/v1";
    public string Kind { get; init; } = "Eviction";
    public required ObjectMeta Metadata { get; init; }
    public DeleteOptions? DeleteOptions { get; init; }
}

/// <summary>authentication.k8s.io/v1 TokenReview.</summary>
public sealed record TokenReview
{
    public string ApiVersion { get; init; } = "authentication.k8s.io/v1";
    public string Kind { get; init; } = "TokenReview";
    public TokenReviewSpec? Spec { get; init; }
    public TokenReviewStatus? Status { get; init; }
}

public sealed record TokenReviewSpec
{
    public required string Token { get; init; }
    public ImmutableArray<string>? Audiences { get; init; }
}

public sealed record TokenReviewStatus
{
    public bool? Authenticated { get; init; }
    public UserInfo? User { get; init; }
    public ImmutableArray<string>? Audiences { get; init; }
    public string? Error { get; init; }
}

/// <summary>authentication.k8s.io/v1 SelfSubjectReview: who the server takes the agent for.</summary>
public sealed record SelfSubjectReview
{
    public string ApiVersion { get; init; } = "authentication.k8s.io/v1";
    public string Kind { get; init; } = "SelfSubjectReview";
    public SelfSubjectReviewStatus? Status { get; init; }
}

public sealed record SelfSubjectReviewStatus
{
    public UserInfo? UserInfo { get; init; }
}

public sealed record UserInfo
{
    public string? Username { get; init; }
    public ImmutableArray<string>? Groups { get; init; }
    public ImmutableSortedDictionary<string, ImmutableArray<string>>? Extra { get; init; }

    /// <summary>The node that a bound service-account token was given out on; null for another kind of credential.</summary>
    [JsonIgnore]
    public string? BoundNode => Extra?.GetValueOrDefault("authentication.kubernetes.io/node-name") is { IsDefaultOrEmpty: false } names ? names[0] : null;
}
