using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>One replica of the aggregator, as a process of its own.</summary>
internal sealed class ReplicaRun : IAsyncDisposable
{
    private static readonly string Program = RepositoryRoot.Combine("out", "bin", "aiinfra-aggregator");

    private readonly string _config;
    private readonly HttpClient _http;
    private readonly int _metricsPort = FreePort();
    private PeerProcess? _process;

    /// <param name="folder">Of this replica: its state is there already.</param>
    public ReplicaRun(string folder, string connection, string policy, string token)
    {
        _config = Path.Combine(folder, "aggregator.yaml");
        File.WriteAllText(_config, $$"""
            listen: { address: "127.0.0.1:{{Port}}" }
            metrics: { address: "127.0.0.1:{{_metricsPort}}" }
            state: { path: {{folder}} }
            store: { connection: "{{connection}}" }
            grants: { policy: {{policy}} }
            """);
        var handler = new SocketsHttpHandler();
#pragma warning disable CA5359 // whose certificate it is, other tests look at
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        _http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}"), Timeout = TimeSpan.FromSeconds(10), DefaultRequestVersion = HttpVersion.Version20 };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Why it cannot be run here; null when it can.</summary>
    public static string? Missing => File.Exists(Program) ? PostgresServer.Missing : $"{Program} is not built.";

    public int Port { get; } = FreePort();
    public EndPoint EndPoint => new IPEndPoint(IPAddress.Loopback, Port);
    /// <summary>What else a failure should tell.</summary>
    public Func<Task<string>> More { get; set; } = () => Task.FromResult("");
    public string Transcript => _process?.Transcript ?? "";

    public async Task StartAsync()
    {
        _process = PeerProcess.Start(Program, ["run", "--config", _config]);
        await UntilAsync(async () => await _http.GetStringAsync(new Uri("/healthz", UriKind.Relative)) == "ok\n", "it answers");
    }

    /// <summary>Ends it at once, as a crash does.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
            await process.DisposeAsync();
        _process = null;
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken));
        return answer.RootElement.Clone();
    }

    public async Task<int> ConnectedAsync() => (await GetAsync("/api/v1/fleet")).GetProperty("nodes").GetProperty("connected").GetInt32();

    /// <summary>Agents whose stream is here.</summary>
    public async Task<int> StreamsAsync()
    {
        var page = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_metricsPort}/metrics"), TestContext.Current.CancellationToken);
        const string Series = "aiinfra_aggregator_streams ";
        return int.Parse(page.Split('\n').First(line => line.StartsWith(Series, StringComparison.Ordinal))[Series.Length..], CultureInfo.InvariantCulture);
    }

    public async Task UntilAsync(Func<Task<bool>> isSo, string what, int seconds = 40)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            try
            {
                if (await isSo())
                    return;
            }
            catch (HttpRequestException)
            {
                // It is not up, or not yet.
            }
            if (TimeProvider.System.GetElapsedTime(started).TotalSeconds > seconds)
                Assert.Fail($"Not within {seconds} s: {what}\n{Transcript}\n{await More()}");
            await beat.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _http.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
