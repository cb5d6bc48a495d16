using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The aggregator as an operator starts it, with everything below a folder of the test's own.</summary>
internal sealed class AggregatorRun : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http;

    private AggregatorRun()
    {
        Config = _folder.Write("aggregator.yaml", $$"""
            listen: { address: "127.0.0.1:{{Port}}" }
            metrics: { address: "127.0.0.1:{{MetricsPort}}" }
            state: { path: {{_folder.Path}}/state }
            store: { connection: "Data Source={{_folder.Path}}/aggregator.db" }
            """);
        var handler = new SocketsHttpHandler();
#pragma warning disable CA5359 // whose certificate it is, other tests look at
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        _http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}"), Timeout = TimeSpan.FromSeconds(10), DefaultRequestVersion = HttpVersion.Version20 };
    }

    public static string Program => RepositoryRoot.Combine("out", "bin", "aiinfra-aggregator");

    public int Port { get; } = AgentProgram.FreePort();
    public int MetricsPort { get; } = AgentProgram.FreePort();
    public string Config { get; }
    public PeerProcess Process { get; private set; } = null!;

    /// <param name="settings">As environment variables.</param>
    public static async Task<AggregatorRun> StartAsync(IReadOnlyList<(string Name, string Value)>? settings = null)
    {
        var run = new AggregatorRun();
        run.Process = PeerProcess.Start(Program, ["run", "--config", run.Config], settings?.ToDictionary(setting => setting.Name, setting => setting.Value));
        await Eventually.AsyncTrue(run.IsUpAsync, () => run.Process.Transcript);
        run._http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await run.TokenAsync("viewer"));
        return run;
    }

    public void StartProcess() => Process = PeerProcess.Start(Program, ["run", "--config", Config]);

    /// <summary>Runs another command of the program to its end.</summary>
    public static async Task<(int Status, string Output)> CommandAsync(params string[] arguments)
    {
        await using var program = PeerProcess.Start(Program, arguments);
        var status = await program.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (status, program.Transcript.Trim());
    }

    /// <summary>Runs an aggregator of a configuration of its own until it says something, and ends it.</summary>
    /// <returns>All that it said.</returns>
    public static async Task<string> UntilLineAsync(string config, string words)
    {
        await using var program = PeerProcess.Start(Program, ["run", "--config", config]);
        await Eventually.AsyncTrue(() => Task.FromResult(program.Transcript.Contains(words, StringComparison.Ordinal)), () => program.Transcript);
        return program.Transcript;
    }

    public async Task<string> TokenAsync(string role)
    {
        var (status, output) = await CommandAsync("token", "create", "--role", role, "--config", Config);
        Assert.True(status == 0, output);
        return output;
    }

    /// <summary>A file with a join token.</summary>
    public async Task<string> WriteJoinTokenAsync() => _folder.Write("join", await TokenAsync("join"));

    public string Write(string name, string text) => _folder.Write(name, text);

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken));
        return answer.RootElement.Clone();
    }

    public async Task<bool> IsUpAsync()
    {
        try
        {
            return await _http.GetStringAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken) == "ok\n";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }
}
