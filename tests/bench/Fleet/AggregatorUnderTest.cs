using System.Globalization;
using System.Net;
using AIInfra.Aggregator.Identity;
using AIInfra.Testing;

namespace AIInfra.Bench.Fleet;

/// <summary>The aggregator as it was built, in a process and a folder of its own.</summary>
internal sealed class AggregatorUnderTest : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aiinfra-fleet-sim-").FullName;
    private PeerProcess? _process;

    /// <param name="connection">Of a database; null: SQLite in the folder.</param>
    public AggregatorUnderTest(string? connection = null)
    {
        File.WriteAllText(Config, $$"""
            listen: { address: "127.0.0.1:{{Port}}" }
            metrics: { address: "127.0.0.1:{{MetricsPort}}" }
            state: { path: {{StateFolder}} }
            store: { connection: "{{connection ?? $"Data Source={_folder}/aggregator.db"}}" }
            grants: { policy: {{Policy}} }
            """);
        SetBudget(100);
    }

    public static int Port => 19443;
    public static int MetricsPort => 19401;
    public static Uri Address => new($"https://127.0.0.1:{Port}");
    public string StateFolder => Path.Combine(_folder, "state");
    public int ProcessId => _process!.Id;
    public string Transcript => _process?.Transcript ?? "";
    private string Policy => Path.Combine(_folder, "policy.yaml");
    private string Config => Path.Combine(_folder, "aggregator.yaml");

    /// <summary>Its authority: the simulated nodes' certificates are signed here, so that joining is not what is measured.</summary>
    public Authority Authority => Authority.Open(StateFolder, TimeProvider.System);

    public string ViewerToken() => new Tokens(StateFolder, TimeProvider.System).Create(TokenRole.Viewer, "fleet-sim", TimeSpan.FromHours(4), "*", "");

    /// <summary>From the next start on: so much of each domain may be out of service.</summary>
    public void SetBudget(int percent) => File.WriteAllText(Policy, $$"""
        budgets: [ { name: domains, label: {{SimulatedAgent.Domain}}, maxUnavailable: {{percent}}% } ]
        breaker: { percent: 100 }
        view: { for: 1s }
        """);

    public async Task StartAsync()
    {
        _process = PeerProcess.Start(RepositoryRoot.Combine("out", "bin", "aiinfra-aggregator"), ["run", "--config", Config]);
        using var http = Client(null);
        for (var left = 300; ; left--)
        {
            try
            {
                await http.GetStringAsync(new Uri("/healthz", UriKind.Relative));
                return;
            }
            catch (HttpRequestException) when (left > 0)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>Ends it at once, as a crash does.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
            await process.DisposeAsync();
        _process = null;
    }

    public double Megabytes(string line) => ProcessTree.Megabytes([ProcessId], line);

    public double ProcessorSeconds() => ProcessTree.ProcessorSeconds([ProcessId]);

    /// <summary>A sample of its metrics page; 0 when it is not there.</summary>
    public static async Task<double> MetricAsync(string series)
    {
        using var http = new HttpClient();
        var page = await http.GetStringAsync(new Uri($"http://127.0.0.1:{MetricsPort}/metrics"));
        return page.Split('\n').FirstOrDefault(line => line.StartsWith($"{series} ", StringComparison.Ordinal)) is { } line ? double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture) : 0;
    }

    public static HttpClient Client(string? token)
    {
        var handler = new SocketsHttpHandler();
#pragma warning disable CA5359 // it is our own process on this machine
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        var http = new HttpClient(handler) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan, DefaultRequestVersion = HttpVersion.Version20 };
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return http;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
