using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AIInfra.Linux.Sockets;

namespace AIInfra.Agent.Control;

/// <summary>Asks the daemon over its control socket.</summary>
internal sealed class ControlClient(string socketPath) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = (_, cancellationToken) => UnixSocket.ConnectAsync(socketPath, cancellationToken),
    })
    { BaseAddress = new Uri("http://localhost"), Timeout = Timeout.InfiniteTimeSpan };

    /// <exception cref="NoDaemonException">Nobody answers; the message says why and what to do.</exception>
    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        AskAsync(patience => _http.GetFromJsonAsync(path, type, patience), Patience, cancellationToken);

    /// <summary>Asks for a change. The answer says whether it was done.</summary>
    /// <exception cref="NoDaemonException">Nobody answers; the message says why and what to do.</exception>
    public Task<CommandAnswer> PostAsync<T>(string path, T request, JsonTypeInfo<T> type, CancellationToken cancellationToken) => AskAsync(async patience =>
    {
        using var answer = await _http.PostAsJsonAsync(path, request, type, patience);
        if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Conflict))
            throw new NoDaemonException($"The daemon on {socketPath} does not know this command ({(int)answer.StatusCode}): is it of another version? Restart it.");
        return await answer.Content.ReadFromJsonAsync(ControlJson.Default.CommandAnswer, patience);
    }, NodeCommands.ReleasePatience + Patience, cancellationToken);

    /// <summary>Asks for lines of JSON that come as they are known; each may take as long as it takes.</summary>
    /// <exception cref="NoDaemonException">Nobody answers, or the daemon ended meanwhile.</exception>
    public async IAsyncEnumerable<T> StreamAsync<T>(string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await AskAsync(async patience => (HttpResponseMessage?)await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, patience), Patience, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new NoDaemonException($"The daemon on {socketPath} does not know this command ({(int)answer.StatusCode}): is it of another version? Restart it.");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await NextAsync(lines, cancellationToken) is { } line)
            yield return JsonSerializer.Deserialize(line, type) ?? throw new NoDaemonException($"The daemon on {socketPath} gave an empty answer.");
    }

    private async Task<string?> NextAsync(StreamReader lines, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadLineAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            throw new NoDaemonException($"The daemon on {socketPath} ended its answer in the middle: {fault.Message}");
        }
    }

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T?>> ask, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(atMost);
        try
        {
            return await ask(patience.Token) ?? throw new NoDaemonException($"The daemon on {socketPath} gave an empty answer.");
        }
        catch (HttpRequestException fault)
        {
            throw new NoDaemonException(fault.InnerException switch
            {
                SocketException { SocketErrorCode: SocketError.AccessDenied } =>
                    $"No permission to open {socketPath}: run this as the user of the daemon (usually root).",
                _ when !File.Exists(socketPath) =>
                    $"No daemon runs here: {socketPath} does not exist. Start it with `aiinfra-agent run`, or name its configuration with --config.",
                _ => $"No daemon answers on {socketPath} ({fault.Message}). Start it with `aiinfra-agent run`.",
            });
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NoDaemonException($"The daemon on {socketPath} did not answer within {atMost.TotalSeconds:0} s; its log says what it does.");
        }
    }

    public void Dispose() => _http.Dispose();
}

internal sealed class NoDaemonException(string message) : Exception(message);
