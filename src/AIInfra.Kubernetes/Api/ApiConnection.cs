using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace AIInfra.Kubernetes.Api;

/// <summary>One request and its answer: credentials, budget, deadline, trace, and every failure as an <see cref="ApiException"/>.</summary>
internal sealed class ApiConnection : IDisposable
{
    /// <summary>The largest answer that is read: a page of 500 large objects.</summary>
    private const int LargestAnswer = 64 << 20;

    private static readonly ActivitySource Traces = new("AIInfra.Kubernetes");
    private static readonly Version Http2 = new(2, 0);

    private readonly ApiCredentials _credentials;
    private readonly ApiClientOptions _options;
    private readonly ServerTrust _trust;
    private readonly HttpClient _http;

    public ApiConnection(ApiCredentials credentials, ApiClientOptions options)
    {
        (_credentials, _options, _trust) = (credentials, options, new ServerTrust(credentials, options.Time));
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = _trust.Options(),
            AllowAutoRedirect = false, // credentials go where they were meant to, or nowhere
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.Deadline,
            PooledConnectionLifetime = TimeSpan.FromMinutes(30), // then the server's address and both sides' certificates are looked at again
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests, // a watch over a connection whose other end is gone
            KeepAlivePingDelay = options.PingDelay,
            KeepAlivePingTimeout = options.PingTimeout,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    public TimeProvider Time => _options.Time;
    public string Where => _credentials.Server.GetLeftPart(UriPartial.Authority);

    /// <summary>The server's clock less this node's, as of its last answer; null before the first.</summary>
    public TimeSpan? ClockSkew { get; private set; }

    /// <summary>Sends, and reads the answer whole.</summary>
    /// <exception cref="ApiException">It was not done.</exception>
    public async Task<T> CallAsync<T>(ApiCall call, Func<Stream, ValueTask<T?>> read, CancellationToken cancellationToken) where T : class
    {
        await _options.Budget.TakeAsync(call.IsUrgent, cancellationToken); // waiting for one's turn is not the server's time
        using var deadline = new CancellationTokenSource(_options.Deadline, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var answer = await SendAsync(call, either.Token);
            await answer.Content.LoadIntoBufferAsync(LargestAnswer, either.Token);
            await using var body = await answer.Content.ReadAsStreamAsync(either.Token);
            return await read(body) ?? throw new JsonException("The answer is null.");
        }
        catch (Exception fault) when (Explain(call, fault, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>Sends, and returns the open answer; only its head is waited for.</summary>
    /// <exception cref="ApiException">It was not done.</exception>
    public async Task<HttpResponseMessage> OpenAsync(ApiCall call, CancellationToken cancellationToken)
    {
        await _options.Budget.TakeAsync(call.IsUrgent, cancellationToken);
        using var deadline = new CancellationTokenSource(_options.Deadline, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await SendAsync(call, either.Token);
        }
        catch (Exception fault) when (Explain(call, fault, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>What a failure of the transport means; null for what is none.</summary>
    public ApiException? Explain(ApiCall call, Exception fault, CancellationToken cancellationToken)
    {
        if (fault is ApiException || (fault is OperationCanceledException && cancellationToken.IsCancellationRequested))
            return null;
        var what = $"{call.What} at {Where}";
        return fault switch
        {
            OperationCanceledException => new ApiException(ApiFault.Timeout, $"{what}: no answer within {_options.Deadline.TotalSeconds:0} s. It is tried again; is the API server overloaded, or the network cut?", fault),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => Certificate(what, fault),
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new ApiException(ApiFault.Unreachable, $"{what}: the name {_credentials.Server.Host} is not known here ({fault.Message}). Check DNS, and server in {_credentials.Origin}.", fault),
            HttpRequestException or IOException => new ApiException(ApiFault.Unreachable, $"{what}: {Innermost(fault)} It is tried again; check that the API server runs and can be reached from this node.", fault),
            JsonException => new ApiException(ApiFault.NotAnApiServer, $"{what}: the answer cannot be understood ({fault.Message}). Is this an API server, and of a version that serves this?", fault),
            _ => null,
        };
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(ApiCall call, CancellationToken cancellationToken)
    {
        using var trace = Traces.StartActivity(call.What, ActivityKind.Client);
        trace?.SetTag("http.request.method", call.Method.Method).SetTag("server.address", _credentials.Server.Host).SetTag("url.path", call.Path);
        var answer = await SendOnceAsync(call, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.Unauthorized && _credentials.Token?.Renew() == true)
        {
            answer.Dispose(); // the kubelet has written a new token
            answer = await SendOnceAsync(call, cancellationToken);
        }
        trace?.SetTag("http.response.status_code", (int)answer.StatusCode);
        if (answer.Headers.Date is { } theirs)
            ClockSkew = theirs - _options.Time.GetUtcNow();
        if (answer.IsSuccessStatusCode && IsJson(answer))
            return answer;
        using (answer)
        {
            var refusal = await ApiRefusal.ReadAsync(call, Where, _credentials, _trust, answer, cancellationToken);
            trace?.SetStatus(ActivityStatusCode.Error, refusal.Reason ?? refusal.Fault.ToString());
            if (refusal.RetryAfter is { } wait && refusal.Fault is ApiFault.TooMany or ApiFault.Server && !call.IsAnsweredByBudget)
                _options.Budget.Close(wait < _options.LongestPause ? wait : _options.LongestPause);
            throw refusal;
        }
    }

    private Task<HttpResponseMessage> SendOnceAsync(ApiCall call, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(call.Method, new Uri(_credentials.Server, call.Path)) { Version = Http2, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        if (_credentials.TlsServerName is { } name)
            request.Headers.Host = name; // .NET takes the name for TLS from here
        if (_credentials.Token is { } token)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token.Read()}");
        if (call.Body is { } body)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(call.ContentType);
        }
        return _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private ApiException Certificate(string what, Exception fault)
    {
        var why = _trust.TakeRefusal() ?? _trust.OwnFault() ?? Innermost(fault);
        return new ApiException(ApiFault.Certificate, $"{what}: no secure connection: {why.TrimEnd('.')}.", fault);
    }

    private static bool IsJson(HttpResponseMessage answer) => answer.Content.Headers.ContentType?.MediaType is "application/json";

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
            fault = inner;
        return fault.Message.TrimEnd('.') + ".";
    }
}

/// <summary>What is asked of the server.</summary>
/// <param name="What">For messages and traces: <c>PATCH nodes/status gpu-17</c>.</param>
/// <param name="Path">With the query.</param>
internal sealed record ApiCall(HttpMethod Method, string What, string Path)
{
    public ReadOnlyMemory<byte>? Body { get; init; }
    public string ContentType { get; init; } = "application/json";
    /// <summary>See <see cref="RequestBudget.TakeAsync"/>.</summary>
    public bool IsUrgent { get; init; }
    /// <summary>A 429 says something about the object (a disruption budget), not about the server's load.</summary>
    public bool IsAnsweredByBudget { get; init; }
}
