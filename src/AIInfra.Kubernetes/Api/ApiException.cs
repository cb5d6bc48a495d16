using System.Net;

namespace AIInfra.Kubernetes.Api;

/// <summary>What kind of trouble it is: it decides what a caller does next.</summary>
public enum ApiFault
{
    /// <summary>No connection, or it broke.</summary>
    Unreachable,
    /// <summary>No answer in time.</summary>
    Timeout,
    /// <summary>The server's certificate, or ours, is not accepted.</summary>
    Certificate,
    /// <summary>401: the credentials are not known, or expired.</summary>
    Unauthorized,
    /// <summary>403.</summary>
    Forbidden,
    NotFound,
    /// <summary>409: changed meanwhile, or another object under that name.</summary>
    Conflict,
    /// <summary>409 AlreadyExists.</summary>
    Exists,
    /// <summary>410: too old to go on from.</summary>
    Expired,
    /// <summary>429.</summary>
    TooMany,
    /// <summary>Another 4xx: the request itself is wrong, the same one will be refused again.</summary>
    Invalid,
    /// <summary>5xx.</summary>
    Server,
    /// <summary>What answered is no API server.</summary>
    NotAnApiServer,
}

/// <summary>A call to the API server was not done. The message says what was asked, where, what came back and what to do.</summary>
public sealed class ApiException(ApiFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public ApiFault Fault { get; } = fault;
    public HttpStatusCode? StatusCode { get; init; }
    /// <summary>The Status object's reason: <c>Forbidden</c>, <c>TooManyRequests</c>; null without one.</summary>
    public string? Reason { get; init; }
    /// <summary>The reasons among its causes, for example <c>DisruptionBudget</c>.</summary>
    public IReadOnlyList<string> Causes { get; init; } = [];
    /// <summary>The server's own words, on one line; null without a Status object.</summary>
    public string? Said { get; init; }
    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The same call may succeed later without anybody changing anything.</summary>
    public bool IsTransient => Fault is ApiFault.Unreachable or ApiFault.Timeout or ApiFault.TooMany or ApiFault.Server or ApiFault.Conflict or ApiFault.Expired;
}
