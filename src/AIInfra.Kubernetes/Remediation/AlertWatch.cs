using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>Alerts that block: of the policy's <c>blockingAlerts</c>. Asked only while there is something to mend; what is not answered, or not understood, blocks.</summary>
/// <remarks>Prometheus: GET api/v1/alerts, those that fire (pending ones do not). Alertmanager: GET api/v2/alerts, those that are active, so neither silenced nor inhibited.</remarks>
internal sealed class AlertWatch(TimeProvider time, HttpMessageHandler? transport = null) : IStandingSource, IWorker, IDisposable
{
    public const string Part = "blocking alerts";

    private const int Largest = 4 << 20, MostShown = 3, LongestName = 128;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30), Patience = TimeSpan.FromSeconds(10), Fresh = TimeSpan.FromSeconds(75), WantedFor = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http = new(transport ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = Patience })
    {
        MaxResponseContentBufferSize = Largest,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private volatile Wish _wish = new([], null);
    private volatile FrozenDictionary<BlockingAlerts, (string? Blocker, long At)> _answers = FrozenDictionary<BlockingAlerts, (string?, long)>.Empty;
    private readonly SemaphoreSlim _wanted = new(0, 1);

    public NodeStanding Look(RemediationPolicy policy, ImmutableArray<Problem> problems)
    {
        if (policy.BlockingAlerts.IsEmpty || problems.IsEmpty)
            return NodeStanding.Nothing;
        _wish = new Wish(policy.BlockingAlerts, time.GetTimestamp());
        var answers = _answers;
        var blockers = ImmutableArray.CreateBuilder<string>();
        foreach (var source in policy.BlockingAlerts)
        {
            if (!answers.TryGetValue(source, out var answer) || time.GetElapsedTime(answer.At) > Fresh)
                blockers.Add($"the alerts of {source.Address} are being asked for.");
            else if (answer.Blocker is { } blocker)
                blockers.Add(blocker);
        }
        if (blockers.Count > 0 && _wanted.CurrentCount == 0)
            Wake();
        return new NodeStanding { Blockers = blockers.ToImmutable() };
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var wish = _wish;
            if (wish.At is { } at && time.GetElapsedTime(at) < WantedFor)
            {
                var answers = await Task.WhenAll(wish.Sources.Select(async source => (source, blocker: await AskAsync(source, cancellationToken))));
                var now = time.GetTimestamp();
                _answers = answers.ToFrozenDictionary(pair => pair.source, pair => (pair.blocker, now));
                await Task.Delay(Every, time, cancellationToken);
            }
            else
            {
                await _wanted.WaitAsync(cancellationToken);
            }
        }
    }

    /// <returns>Null when none of them fires; else a sentence.</returns>
    internal async Task<string?> AskAsync(BlockingAlerts source, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var path = source.Source == AlertSource.Prometheus ? "api/v1/alerts" : "api/v2/alerts?active=true&silenced=false&inhibited=false";
        try
        {
            using var answer = await _http.GetAsync(new Uri(new Uri(source.Address.AbsoluteUri.TrimEnd('/') + "/"), path), either.Token);
            if (!answer.IsSuccessStatusCode)
                return $"the alerts of {source.Address} are not known: it answers with {(int)answer.StatusCode}.";
            using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(either.Token));
            var firing = (source.Source == AlertSource.Prometheus ? OfPrometheus(body.RootElement) : OfAlertmanager(body.RootElement)).Where(source.Takes).Distinct().Order(StringComparer.Ordinal).ToList();
            return firing.Count == 0 ? null : $"{string.Join(", ", firing.Take(MostShown))}{(firing.Count > MostShown ? $" and {firing.Count - MostShown} more" : "")} fires at {source.Address} (blockingAlerts).";
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return $"the alerts of {source.Address} are not known: {fault.Message.TrimEnd('.')}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"the alerts of {source.Address} are not known: no answer within {Patience.TotalSeconds} s.";
        }
    }

    private static IEnumerable<string> OfPrometheus(JsonElement root) => root.GetProperty("data").GetProperty("alerts").EnumerateArray()
        .Where(alert => alert.GetProperty("state").GetString() == "firing").Select(NameOf);

    private static IEnumerable<string> OfAlertmanager(JsonElement root) => root.EnumerateArray().Where(alert => alert.GetProperty("status").GetProperty("state").GetString() == "active").Select(NameOf);

    private static string NameOf(JsonElement alert) => alert.GetProperty("labels").GetProperty("alertname").GetString() is { } name ? name[..Math.Min(name.Length, LongestName)] : "";

    private void Wake()
    {
        try
        {
            _wanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another look has asked for it already.
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _wanted.Dispose();
    }

    /// <param name="At">When it was last looked for; null: never.</param>
    private sealed record Wish(ImmutableArray<BlockingAlerts> Sources, long? At);
}
