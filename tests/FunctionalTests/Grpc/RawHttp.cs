using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace AIInfra.FunctionalTests.Grpc;

/// <summary>HTTP/2 by hand over a unix socket, for what no gRPC client would send.</summary>
internal sealed class RawHttp(string socketPath) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    public async Task<HttpResponseMessage> SendAsync(
        byte[] body, string path = "/aiinfra.probe.Probe/Unary", string contentType = "application/grpc", string verb = "POST", params (string, string)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), $"http://localhost{path}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = verb == "GET" ? null : new ByteArrayContent(body),
        };
        request.Content?.Headers.TryAddWithoutValidation("content-type", contentType);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Patience.Token).Soon();
    }

    /// <summary>The status in the headers of an answer that consists of nothing else.</summary>
    public static (int Status, string Message) TrailersOnly(HttpResponseMessage response) =>
        (int.Parse(response.Headers.GetValues("grpc-status").Single(), null), Uri.UnescapeDataString(response.Headers.GetValues("grpc-message").Single()));

    public static byte[] Frame(IMessage message, byte flag = 0, uint? length = null)
    {
        var payload = message.ToByteArray();
        var frame = new byte[5 + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    public void Dispose() => _http.Dispose();
}
