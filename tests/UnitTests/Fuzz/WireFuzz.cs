using System.Net.Sockets;
using System.Text;
using AIInfra.Core.Metrics;
using AIInfra.Core.Web;
using AIInfra.Grpc;
using AIInfra.Grpc.Hpack;
using AIInfra.Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Fuzz;

/// <summary>What comes over sockets: HTTP and gRPC. Frames of gRPC are in <c>FrameReaderFuzz</c>, HTTP/2 in front of the kubelet in <c>AuthorityRewriterTests</c>.</summary>
[Trait("Kind", "Fuzz")]
public sealed class WireFuzz
{
    [Fact]
    public void Header_blocks() => Fuzzing.RunBytes(
        [Convert.FromHexString("828684418cf1e3c2e5f23a6ba0ab90f4ff"), Convert.FromHexString("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"), Convert.FromHexString("3fe11f408825a849e95ba97d7f8925a849e95bb8e8b4bf")],
        (byte[] bytes) =>
        {
            try
            {
                var decoder = new HpackDecoder();
                decoder.Decode(bytes);
                decoder.Decode(bytes);
            }
            catch (InvalidDataException)
            {
                // Declared.
            }
        });

    [Fact]
    public void Huffman_code() => Fuzzing.RunBytes([Convert.FromHexString("f1e3c2e5f23a6ba0ab90f4ff"), Convert.FromHexString("25a849e95ba97d7f")], (byte[] bytes) =>
    {
        try
        {
            Assert.True(HuffmanDecoder.Decode(bytes).Length <= bytes.Length * 8 / 5);
        }
        catch (InvalidDataException)
        {
            // Declared.
        }
    });

    [Fact]
    public void Headers_of_calls() => Fuzzing.Run(["100m", "99999999H", "0", "16", "a%20b%E9", "AAEC,AwQ=", "text"], text =>
    {
        _ = TimeoutHeader.TryParse(text, out _);
        GrpcStatusText.Parse(text);
        PercentEncoding.Decode(text);
        var metadata = new GrpcMetadata();
        MetadataHeaders.Receive(metadata, "x-bin", text);
        MetadataHeaders.Receive(metadata, text.Length == 0 ? "x" : text, "v");
        MetadataHeaders.Complaint(metadata);
        if (PercentEncoding.Encode(text) is { Length: < PercentEncoding.MaxEncoded - 12 } whole) // a longer one is cut
            Assert.Equal(text.Replace("\ufffd", "?", StringComparison.Ordinal), PercentEncoding.Decode(whole).Replace("\ufffd", "?", StringComparison.Ordinal));
    });

    [Fact]
    public void What_scrapers_accept() => Fuzzing.Run(
        [
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;q=0.3", "gzip;q=0.5, identity", "*/*",
        ],
        text => Assert.NotNull(PageNegotiation.Of(text, text, speaksOpenMetrics: true).ContentType));

    /// <summary>Whatever is written to a server, the next request is answered. What Kestrel reads is its own affair; what is ours around it must not fall over.</summary>
    [Fact]
    public async Task Requests_of_anybody()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("aiinfra-fuzz-").FullName, "s");
        using var guard = new WebGuard(null, 4);
        await using (var server = await WebListener.StartAsync(
            kestrel => kestrel.ListenUnixSocket(path), context => guard.AnswerAsync(context, async (asked, _) =>
            {
                var negotiated = PageNegotiation.Of(asked.Request.Headers.Accept, asked.Request.Headers.AcceptEncoding, speaksOpenMetrics: true);
                asked.Response.ContentType = negotiated.ContentType;
                await asked.Response.WriteAsync(asked.Request.Path.Value ?? "");
            }), fault => fault.Message, NullLoggerFactory.Instance, TestContext.Current.CancellationToken))
        {
            Fuzzing.RunBytes(
                [
                    "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain;q=0.5\r\nAccept-Encoding: gzip\r\n\r\n", "POST /v1/clear HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n{\"problem\": \"a.b\"}  ",
                    "GET /%2e%2e/etc/passwd?a=%zz HTTP/1.1\r\nHost: a\r\nAuthorization: Basic QTpC\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                ],
                (byte[] bytes) => Send(path, bytes, isCutShort: true));
            Assert.Contains("200 OK", Send(path, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray()), StringComparison.Ordinal);
        }
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    /// <param name="isCutShort">The end is told at once; Kestrel then need not answer.</param>
    private static string Send(string path, byte[] bytes, bool isCutShort = false)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        try
        {
            socket.Send(bytes);
            if (isCutShort)
                socket.Shutdown(SocketShutdown.Send);
            var answer = new StringBuilder();
            var buffer = new byte[4096];
            while (socket.Receive(buffer) is > 0 and var length)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, length));
            return answer.ToString();
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return ""; // it hung up in the middle, as it may
        }
    }
}
