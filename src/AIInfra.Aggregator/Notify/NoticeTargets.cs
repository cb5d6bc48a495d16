using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Polly;
using Polly.Retry;

namespace AIInfra.Aggregator.Notify;

/// <param name="Says">Null: it was taken. Else why not, for a person.</param>
/// <param name="IsFinal">It will never be taken.</param>
internal sealed record Delivery(string? Says, bool IsFinal)
{
    public static Delivery Taken { get; } = new(null, false);
}

/// <summary>Where notices go, over HTTP: short faults are tried again at once, longer ones are the queue's.</summary>
internal sealed class NoticeTargets : IDisposable
{
    public const string Webhook = "webhook";

    private static readonly TimeSpan AlertLasts = TimeSpan.FromMinutes(10);

    private readonly NotifyOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly ResiliencePipeline<Delivery> _again;

    public NoticeTargets(NotifyOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(5), UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };
        _again = new ResiliencePipelineBuilder<Delivery> { TimeProvider = time }.AddRetry(new RetryStrategyOptions<Delivery>
        {
            ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Result is { Says: not null, IsFinal: false }),
            MaxRetryAttempts = 2,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(200),
            UseJitter = true,
        }).Build();
    }

    /// <summary>Names under which rows are kept.</summary>
    public ImmutableArray<string> Names => [.. _options.Alertmanagers.Select(address => address.ToString()), .. _options.Webhook is null ? [] : (string[])[Webhook]];

    public ImmutableArray<string> Alertmanagers => [.. _options.Alertmanagers.Select(address => address.ToString())];

    /// <param name="id">The same for each attempt: the receiver can tell a repetition.</param>
    public Task<Delivery> SendAsync(string target, long id, Notice notice, CancellationToken cancellationToken) =>
        target == Webhook ? HookAsync(id, notice, cancellationToken) : AlertAsync(target, [notice], cancellationToken);

    /// <summary>Alertmanager's API v2. An alert that is so holds for ten minutes: what is still so is said again before.</summary>
    public Task<Delivery> AlertAsync(string target, IReadOnlyCollection<Notice> notices, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var body = JsonSerializer.SerializeToUtf8Bytes(notices.Select(notice => new PostedAlert(
            notice.Labels.Add("alertname", notice.Name).Add("severity", notice.Severity),
            ImmutableSortedDictionary<string, string>.Empty.Add("summary", notice.Summary).Add("description", notice.Description),
            notice.StartsAt, notice.EndsAt ?? now + AlertLasts)).ToArray(), PostJson.Default.PostedAlertArray);
        return PostAsync(new Uri(new Uri(target.TrimEnd('/') + "/"), "api/v2/alerts"), body, _ => { }, cancellationToken);
    }

    private Task<Delivery> HookAsync(long id, Notice notice, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new PostedNotice(id, notice), PostJson.Default.PostedNotice);
        return PostAsync(_options.Webhook!, body, headers =>
        {
            var at = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            headers.Add("AIInfra-Notice", id.ToString(CultureInfo.InvariantCulture));
            headers.Add("AIInfra-Signature", $"t={at},v1={Sign(_options.WebhookSecret.Span, at, body)}");
        }, cancellationToken);
    }

    /// <summary>HMAC-SHA256 over the time, a dot and the body: a recorded message is not taken later as a new one.</summary>
    internal static string Sign(ReadOnlySpan<byte> secret, string at, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hash.AppendData(System.Text.Encoding.ASCII.GetBytes($"{at}."));
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose() => _client.Dispose();

    private async Task<Delivery> PostAsync(Uri address, byte[] body, Action<HttpRequestHeaders> add, CancellationToken cancellationToken) =>
        await _again.ExecuteAsync(async token => await OnceAsync(address, body, add, token), cancellationToken);

    private async Task<Delivery> OnceAsync(Uri address, byte[] body, Action<HttpRequestHeaders> add, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
            add(request.Headers);
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (answer.IsSuccessStatusCode)
                return Delivery.Taken;
            var isFinal = (int)answer.StatusCode is >= 300 and < 500 && answer.StatusCode is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);
            return new Delivery($"{address.GetLeftPart(UriPartial.Path)} answers {(int)answer.StatusCode}.", isFinal);
        }
        catch (HttpRequestException fault)
        {
            return new Delivery($"{address.GetLeftPart(UriPartial.Path)} cannot be reached ({fault.Message.TrimEnd('.')}).", false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Delivery($"{address.GetLeftPart(UriPartial.Path)} did not answer within {_options.Timeout.TotalSeconds:0.#} s.", false);
        }
    }
}

internal sealed record PostedAlert(ImmutableSortedDictionary<string, string> Labels, ImmutableSortedDictionary<string, string> Annotations, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

internal sealed record PostedNotice(long Id, Notice Notice);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PostedAlert[]))]
[JsonSerializable(typeof(PostedNotice))]
internal sealed partial class PostJson : JsonSerializerContext;
