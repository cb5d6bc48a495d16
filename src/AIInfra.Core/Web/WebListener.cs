using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AIInfra.Core.Web;

/// <summary>One bare Kestrel for one endpoint: no web application around it, so that each endpoint fails and starts again by itself.</summary>
public sealed class WebListener : IAsyncDisposable
{
    private readonly KestrelServer _server;

    private WebListener(KestrelServer server) => _server = server;

    /// <param name="bind">Chooses the one address.</param>
    /// <param name="answer">Answers a request; what it throws becomes a 500 and a log line of Kestrel's.</param>
    /// <param name="explain">The sentence for an address that cannot be bound.</param>
    /// <exception cref="IOException">It cannot be bound; with that sentence.</exception>
    public static async Task<WebListener> StartAsync(
        Action<KestrelServerOptions> bind, RequestDelegate answer, Func<Exception, string> explain, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxConcurrentConnections = 64;
        options.Limits.MaxRequestBodySize = 64 << 10;
        options.Limits.MaxRequestHeadersTotalSize = 128 << 10; // a request with absurd headers is answered like any other
        options.Limits.MaxResponseBufferSize = 32 << 10; // then a slow reader is waited for
        options.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http1);
        bind(options);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers);
        var server = new KestrelServer(Options.Create(options), transport, loggers);
        try
        {
            await server.StartAsync(new Application(answer), cancellationToken);
            return new WebListener(server);
        }
        catch (Exception fault) when (fault is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            server.Dispose();
            throw new IOException(explain(fault), fault);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _server.StopAsync(grace.Token);
        _server.Dispose();
    }

    private sealed class Application(RequestDelegate answer) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);
        public Task ProcessRequestAsync(HttpContext context) => answer(context);
        public void DisposeContext(HttpContext context, Exception? exception) { }
    }
}
