using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AIInfra.Kubernetes.Api;

/// <summary>How the client behaves.</summary>
public sealed record ApiClientOptions
{
    public required TimeProvider Time { get; init; }
    public required RequestBudget Budget { get; init; }
    public required string UserAgent { get; init; }
    /// <summary>Uniform in [0, 1).</summary>
    public Func<double> Random { get; init; } = System.Random.Shared.NextDouble;
    /// <summary>Of every call; a watch's for its head.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(15);
    /// <summary>At most this long is the server left alone when it asks for longer.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(2);
    /// <summary>A watch on which nothing came for so long, not even a bookmark (the server sends one a minute), is opened anew.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(150);
    public TimeSpan PingDelay { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>The API server, as far as it is used: a few kinds, typed, with the fields that are used.</summary>
/// <remarks>Every call throws an <see cref="ApiException"/> when it was not done, has a deadline, and none is tried twice: the callers are
/// loops that know what is wanted. Any thread.</remarks>
public sealed class ApiClient(ApiCredentials credentials, ApiClientOptions options) : IDisposable
{
    private const string FieldManager = "aiinfra-agent";
    private const int PageSize = 500;
    private const int MostRestarts = 3;

    private readonly ApiConnection _connection = new(credentials, options);

    /// <summary>Scheme, host and port.</summary>
    public string Where => _connection.Where;

    /// <inheritdoc cref="ApiConnection.ClockSkew"/>
    public TimeSpan? ClockSkew => _connection.ClockSkew;

    public Task<T> GetAsync<T>(ApiResource<T> resource, string? inNamespace, string name, CancellationToken cancellationToken) where T : ApiObject =>
        CallAsync(new ApiCall(HttpMethod.Get, $"GET {resource.Plural} {name}", resource.Path(inNamespace, name)), resource.One, cancellationToken);

    /// <summary>All pages. One whose continuation was too old (410) is begun anew.</summary>
    public async Task<ObjectList<T>> ListAsync<T>(ApiResource<T> resource, string? inNamespace, string? fieldSelector, CancellationToken cancellationToken) where T : ApiObject
    {
        for (var restarts = 0; ; restarts++)
        {
            try
            {
                return await ListOnceAsync(resource, inNamespace, fieldSelector, cancellationToken);
            }
            catch (ApiException fault) when (fault.Fault == ApiFault.Expired && restarts < MostRestarts)
            {
                // From the first page.
            }
        }
    }

    /// <summary>What happens after a list, until the server ends it. An <see cref="ApiFault.Expired"/> asks for a new list.</summary>
    /// <param name="resourceVersion">Of the list, or of the last event.</param>
    public IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ApiResource<T> resource, string? inNamespace, string? fieldSelector, string resourceVersion, CancellationToken cancellationToken) where T : ApiObject
    {
        var lasts = TimeSpan.FromMinutes(5 + (5 * options.Random())); // as reflectors do, so that a fleet does not come back at once
        var path = Query(resource.Path(inNamespace), ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion),
            ("fieldSelector", fieldSelector), ("timeoutSeconds", lasts.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)));
        return new ApiWatch<T>(_connection, new ApiCall(HttpMethod.Get, $"WATCH {resource.Plural}", path), resource.One, options.Silence).ReadAsync(cancellationToken);
    }

    public Task<T> CreateAsync<T>(ApiResource<T> resource, string? inNamespace, T wanted, CancellationToken cancellationToken) where T : ApiObject =>
        CallAsync(new ApiCall(HttpMethod.Post, $"POST {resource.Plural} {wanted.Metadata.Name}", Query(resource.Path(inNamespace), ("fieldManager", FieldManager)))
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(wanted, resource.One),
        }, resource.One, cancellationToken);

    /// <param name="subresource"><c>status</c>, or null.</param>
    /// <param name="isUrgent">Before what waits for its turn.</param>
    public Task<T> PatchAsync<T>(
        ApiResource<T> resource, string? inNamespace, string name, string? subresource, ApiPatch patch, CancellationToken cancellationToken, bool isUrgent = false) where T : ApiObject
    {
        var path = Query(resource.Path(inNamespace, name, subresource), ("fieldManager", FieldManager), ("force", patch.Force ? "true" : null));
        return CallAsync(new ApiCall(HttpMethod.Patch, $"PATCH {resource.Plural}{(subresource is null ? "" : $"/{subresource}")} {name}", path)
        {
            Body = patch.Body,
            ContentType = patch.ContentType,
            IsUrgent = isUrgent,
        }, resource.One, cancellationToken);
    }

    /// <param name="options">With preconditions wherever another object may have come under that name.</param>
    public Task DeleteAsync<T>(ApiResource<T> resource, string? inNamespace, string name, DeleteOptions options, CancellationToken cancellationToken) where T : ApiObject =>
        CallAsync(new ApiCall(HttpMethod.Delete, $"DELETE {resource.Plural} {name}", resource.Path(inNamespace, name))
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(options, ApiJson.Default.DeleteOptions),
        }, ApiJson.Default.ApiStatus, cancellationToken); // the answer is a Status or the object; neither is needed

    /// <summary>Asks that a pod be moved, within its disruption budgets: 429 says not now (<see cref="ApiException.RetryAfter"/>), 404 that it is gone,
    /// 409 that another pod is under that name.</summary>
    public Task EvictAsync(string inNamespace, string pod, string uid, int? gracePeriodSeconds, CancellationToken cancellationToken) =>
        CallAsync(new ApiCall(HttpMethod.Post, $"POST pods/eviction {inNamespace}/{pod}", ApiResources.Pods.Path(inNamespace, pod, "eviction"))
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(new Eviction
            {
                Metadata = new ObjectMeta { Name = pod, Namespace = inNamespace },
                DeleteOptions = new DeleteOptions { GracePeriodSeconds = gracePeriodSeconds, Preconditions = new Preconditions { Uid = uid } },
            }, ApiJson.Default.Eviction),
            IsAnsweredByBudget = true,
        }, ApiJson.Default.ApiStatus, cancellationToken);

    /// <summary>Whose token it is, if the server knows it.</summary>
    /// <param name="audiences">Null: the server's own.</param>
    public async Task<TokenReviewStatus> ReviewTokenAsync(string token, IEnumerable<string>? audiences, CancellationToken cancellationToken)
    {
        var asked = new TokenReview { Spec = new TokenReviewSpec { Token = token, Audiences = audiences is null ? null : [.. audiences] } };
        var answer = await CallAsync(new ApiCall(HttpMethod.Post, "POST tokenreviews", "/apis/authentication.k8s.io/v1/tokenreviews")
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(asked, ApiJson.Default.TokenReview),
        }, ApiJson.Default.TokenReview, cancellationToken);
        return answer.Status ?? new TokenReviewStatus { Authenticated = false, Error = "the server gave no status" };
    }

    /// <summary>Who the agent is there; null when the server does not say.</summary>
    public async Task<UserInfo?> ReviewSelfAsync(CancellationToken cancellationToken) =>
        (await CallAsync(new ApiCall(HttpMethod.Post, "POST selfsubjectreviews", "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(new SelfSubjectReview(), ApiJson.Default.SelfSubjectReview),
        }, ApiJson.Default.SelfSubjectReview, cancellationToken)).Status?.UserInfo;

    public void Dispose() => _connection.Dispose();

    private async Task<ObjectList<T>> ListOnceAsync<T>(ApiResource<T> resource, string? inNamespace, string? fieldSelector, CancellationToken cancellationToken) where T : ApiObject
    {
        ObjectList<T>? all = null;
        var next = "";
        do
        {
            var path = Query(resource.Path(inNamespace), ("fieldSelector", fieldSelector), ("limit", PageSize.ToString(CultureInfo.InvariantCulture)), ("continue", next));
            var page = await CallAsync(new ApiCall(HttpMethod.Get, $"LIST {resource.Plural}", path), resource.Many, cancellationToken);
            all = all is null ? page : all with { Metadata = page.Metadata, Items = all.Items.AddRange(page.Items) };
            next = page.Metadata.Continue;
        }
        while (!string.IsNullOrEmpty(next));
        return all;
    }

    private Task<T> CallAsync<T>(ApiCall call, JsonTypeInfo<T> type, CancellationToken cancellationToken) where T : class =>
        _connection.CallAsync(call, body => JsonSerializer.DeserializeAsync(body, type, cancellationToken), cancellationToken);

    private static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> query)
    {
        var text = new StringBuilder(path);
        var mark = '?';
        foreach (var (name, value) in query)
        {
            if (string.IsNullOrEmpty(value))
                continue;
            text.Append(mark).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            mark = '&';
        }
        return text.ToString();
    }
}
