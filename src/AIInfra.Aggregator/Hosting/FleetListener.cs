using System.Net;
using AIInfra.Grpc;
using AIInfra.Grpc.Server;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AIInfra.Aggregator.Hosting;

/// <summary>The one port: gRPC and HTTPS over HTTP/2, HTTPS over HTTP/1.1.</summary>
internal sealed class FleetListener : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly ListenOptions _listen;
    private readonly CancellationTokenSource _stopping;

    private FleetListener(KestrelServer server, ListenOptions listen, CancellationTokenSource stopping) => (_server, _listen, _stopping) = (server, listen, stopping);

    /// <summary>The bound address, with the port that was found where 0 was asked for.</summary>
    public IPEndPoint EndPoint => _listen.IPEndPoint!;

    /// <param name="methods">gRPC.</param>
    /// <param name="answer">Everything else.</param>
    /// <exception cref="IOException">The address cannot be bound; one sentence.</exception>
    public static async Task<FleetListener> StartAsync(
        IPEndPoint address, GrpcServiceTable methods, int maxMessageBytes, RequestDelegate answer, TlsConnections tls, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, AllowAlternateSchemes = true /* TLS ends before HTTP starts */ };
        Limit(options.Limits);
        ListenOptions? listen = null;
        options.Listen(address, bound =>
        {
            listen = bound;
            bound.Protocols = HttpProtocols.Http1AndHttp2;
            bound.Use(tls.Wrap);
        });
        var stopping = new CancellationTokenSource();
        var grpc = new GrpcEndpoint(new GrpcServerOptions { MaxReceiveBytes = maxMessageBytes }, methods, time, loggers, stopping.Token);
        var server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        try
        {
            await server.StartAsync(new Application(context => GrpcEndpoint.IsCall(context) ? grpc.AnswerAsync(context) : answer(context)), cancellationToken);
            return new FleetListener(server, listen!, stopping);
        }
        catch (Exception fault) when (fault is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            server.Dispose();
            stopping.Dispose();
            throw new IOException($"{address} cannot be bound: {fault.Message} Stop what holds the port, or set listen.address.", fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await _server.StopAsync(grace.Token);
        _server.Dispose();
        _stopping.Dispose();
    }

    private static void Limit(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = null; // messages have limits of their own, the API has its own; a stream has none
        limits.MinRequestBodyDataRate = null; // a stream may be silent for a while
        limits.MinResponseDataRate = null;
        limits.MaxRequestHeadersTotalSize = 32 << 10; // a service-account token is 1 to 2 KiB
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2); // of connections without a request; streams are requests
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30); // a host that vanished leaves no trace on TCP
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        limits.Http2.InitialConnectionWindowSize = 128 << 10;
        limits.Http2.InitialStreamWindowSize = 96 << 10; // what an agent may have on its way unread
        limits.MaxResponseBufferSize = 64 << 10;
    }

    private sealed class Application(RequestDelegate answer) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);
        public Task ProcessRequestAsync(HttpContext context) => answer(context);
        public void DisposeContext(HttpContext context, Exception? exception) { }
    }
}
