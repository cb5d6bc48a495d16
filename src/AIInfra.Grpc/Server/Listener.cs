using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace AIInfra.Grpc.Server;

/// <summary>Kestrel's settings for one gRPC listener.</summary>
internal static class Listener
{
    /// <exception cref="ArgumentException">Both addresses are given, or none.</exception>
    public static (KestrelServerOptions Options, ListenOptions Listen) Configure(GrpcServerOptions options, ILoggerFactory loggers)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowAlternateSchemes = true /* TLS ends before HTTP starts */, ApplicationServices = new LoggersOnly(loggers) };
        kestrel.Limits.MaxRequestBodySize = null; // messages have limits of their own; a stream has none
        kestrel.Limits.MinRequestBodyDataRate = null; // a stream may be silent for days
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromDays(365); // an idle caller keeps its connection; "infinite" overflows in Kestrel and closes it within a second

        ListenOptions? listen = null;
        void Bound(ListenOptions bound)
        {
            listen = bound;
            bound.Protocols = HttpProtocols.Http2;
            if (options.SocketPath is not null)
                bound.Use(new AnyAuthority(loggers.CreateLogger<GrpcServer>()).Wrap);
            if (options.Certificate is { } certificate)
                bound.Use(TlsConnections.ForHttp2(certificate, loggers.CreateLogger<GrpcServer>()).Wrap);
        }
        switch (options)
        {
            case { SocketPath: { } path, EndPoint: null }:
                kestrel.ListenUnixSocket(path, Bound);
                break;
            case { SocketPath: null, EndPoint: { } endPoint }:
                kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromMinutes(1); // a host that vanished leaves no trace on TCP
                kestrel.Listen(endPoint, Bound);
                break;
            default:
                throw new ArgumentException("A gRPC server listens on either a socket path or an end point.", nameof(options));
        }
        return (kestrel, listen!);
    }

    /// <summary>All that Kestrel asks its services for; it makes do without the others.</summary>
    private sealed class LoggersOnly(ILoggerFactory loggers) : IServiceProvider
    {
        public object? GetService(Type serviceType) => serviceType == typeof(ILoggerFactory) ? loggers : null;
    }
}
