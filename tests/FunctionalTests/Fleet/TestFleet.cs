using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Configuration;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Hosting;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Configuration;
using AIInfra.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace AIInfra.FunctionalTests.Fleet;

/// <summary>A real aggregator on real sockets, with a store that the test holds.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("aiinfra-fleet-").FullName;
    private readonly Action<IServiceCollection>? _more;
    private int _port;

    private TestFleet(Action<IServiceCollection>? more) => _more = more;

    public MemoryFleetStore Store { get; } = new();
    public RunningAggregator Running { get; private set; } = null!;
    public string StateFolder => Path.Combine(_folder, "aggregator");
    public Uri Address => new($"https://127.0.0.1:{_port}");
    public FleetView View => Running.Services.GetRequiredService<FleetView>();
    public Sessions Sessions => Running.Services.GetRequiredService<Sessions>();
    public StreamCounters Counters => Sessions.Counters;
    public Tokens Tokens => Running.Services.GetRequiredService<Tokens>();

    public static async Task<TestFleet> StartAsync(Action<IServiceCollection>? more = null)
    {
        var fleet = new TestFleet(more);
        await fleet.StartAgainAsync();
        return fleet;
    }

    public async Task StartAgainAsync()
    {
        var (values, _) = YamlConfigReader.Read("test", $$"""
            listen: { address: "127.0.0.1:{{_port}}" }
            metrics: { address: "127.0.0.1:0" }
            state: { path: {{StateFolder}} }
            store: { connection: "Data Source={{_folder}}/aggregator.db" }
            """);
        var (config, errors) = AggregatorKeys.Schema.Check(values);
        Assert.Empty(errors);
        Running = await RunningAggregator.StartAsync(config, services =>
        {
            services.AddSingleton<INodeStore>(Store).AddSingleton<IGrantLedger>(Store).AddSingleton<IAuditLog>(Store);
            _more?.Invoke(services);
        }, TestContext.Current.CancellationToken);
        _port = Running.EndPoint.Port;
    }

    public ValueTask StopAsync() => Running.DisposeAsync();

    public string JoinToken(string nodes = "*") => Tokens.Create(TokenRole.Join, "test", TimeSpan.FromHours(1), nodes, Running.Services.GetRequiredService<AuthorityHolder>().Current.Fingerprint);

    /// <summary>A file with a join token, as an operator lays it.</summary>
    public string WriteJoinToken(string nodes = "*") => Write($"join-{Guid.NewGuid():N}", JoinToken(nodes));

    public string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    public string FolderOf(string agent) => Path.Combine(_folder, "agents", agent);

    /// <summary>A client of the API that trusts the aggregator's authority and nothing else.</summary>
    /// <param name="role">Null: without a token.</param>
    public HttpClient Client(TokenRole? role = TokenRole.Viewer)
    {
        var authority = Running.Services.GetRequiredService<AuthorityHolder>().Current;
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authority.Trusted.ToArray());
        var client = new HttpClient(handler) { BaseAddress = Address, Timeout = Patience, DefaultRequestVersion = HttpVersion.Version20 };
        if (role is { } given)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.Create(given, "test", TimeSpan.FromHours(1), "*", ""));
        return client;
    }

    public async Task<JsonElement> GetAsync(string path, TokenRole role = TokenRole.Viewer)
    {
        using var client = Client(role);
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    /// <summary>Waits until something is so; looks a hundred times a second.</summary>
    public static Task UntilAsync(Func<bool> isSo, string what) => UntilAsync(isSo, () => what);

    /// <inheritdoc cref="UntilAsync(Func{bool}, string)"/>
    public static async Task UntilAsync(Func<bool> isSo, Func<string> what)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!isSo())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < Patience, $"Not within {Patience.TotalSeconds} s: {what()}");
            await beat.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Running.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
