using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Serialization.Metadata;

namespace AIInfra.Agent.Control;

/// <summary>Asks the daemon over its control socket.</summary>
internal sealed class ControlClient(string socketPath) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    { BaseAddress = new Uri("http://localhost"), Timeout = Patience };

    /// <exception cref="NoDaemonException">Nobody answers; the message says why and what to do.</exception>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.GetFromJsonAsync(path, type, cancellationToken)
                ?? throw new NoDaemonException($"The daemon on {socketPath} gave an empty answer.");
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
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NoDaemonException($"The daemon on {socketPath} did not answer within {Patience.TotalSeconds:0} s; its log says what it does.");
        }
    }

    public void Dispose() => _http.Dispose();
}

internal sealed class NoDaemonException(string message) : Exception(message);
