using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using AIInfra.Linux.Sockets;

namespace AIInfra.Core.Health.Probes.Services;

/// <param name="Status">Null when there was no answer.</param>
/// <param name="Text">The beginning of the answer, or why there was none. Outside input.</param>
internal sealed record HttpReply(int? Status, string Text)
{
    public bool IsGood => Status is >= 200 and < 300;
    public override string ToString() => Status is { } status ? $"HTTP {status}{(Text.Length > 0 ? $": {Text}" : "")}" : Text;
}

/// <summary>Asks a service one question by HTTP, over TCP or a unix socket. The socket never blocks and is closed at the deadline, so that a service
/// which hangs holds nothing of the agent; that is why no child is needed.</summary>
internal static class HttpQuestion
{
    private const int MostText = 300;

    /// <param name="socket">Path of a unix socket; null: the address itself.</param>
    public static async Task<HttpReply> GetAsync(Uri address, string? socket, TimeSpan deadline, CancellationToken cancellationToken)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(deadline);
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectTimeout = deadline,
            MaxResponseHeadersLength = 16,
#pragma warning disable CA5359 // nothing that it says is trusted, and nothing is sent: whether it answers is all that is asked
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        };
        if (socket is not null)
            handler.ConnectCallback = (_, token) => UnixSocket.ConnectAsync(socket, token);
        using var http = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("aiinfra-agent", null));
        request.Headers.ConnectionClose = true;
        try
        {
            using var response = await http.SendAsync(request, late.Token);
            return new HttpReply((int)response.StatusCode, await BeginningAsync(response, late.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HttpReply(null, FormattableString.Invariant($"no answer within {deadline.TotalSeconds:0.#} s"));
        }
        catch (HttpRequestException fault)
        {
            return new HttpReply(null, fault.InnerException is SocketException inner ? inner.Message : fault.Message);
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            return new HttpReply(null, fault.Message);
        }
    }

    private static async Task<string> BeginningAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[MostText];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, length).Trim();
    }
}
