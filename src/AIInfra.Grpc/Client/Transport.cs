using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Grpc.Client;

/// <summary>The HTTP/2 connections below a channel.</summary>
internal static class Transport
{
    private const int StreamWindowBytes = 1 << 20;

    public static SocketsHttpHandler UnixSocket(string path, GrpcChannelOptions options)
    {
        var endPoint = new UnixDomainSocketEndPoint(path);
        var handler = Common(options);
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(endPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        };
        return handler;
    }

    public static SocketsHttpHandler Tcp(GrpcChannelOptions options)
    {
        var handler = Common(options);
        handler.KeepAlivePingDelay = options.KeepAlive;
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests; // servers punish pings on idle connections
        if (options.TrustedAuthority is { } authority)
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { authority },
                RevocationMode = X509RevocationMode.NoCheck, // an authority of one's own publishes no list
            };
            policy.CustomTrustStore.AddRange(options.MoreAuthorities.ToArray());
            handler.SslOptions.CertificateChainPolicy = policy;
        }
        if (options.ClientCertificate is { } own)
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true);
        return handler;
    }

    private static SocketsHttpHandler Common(GrpcChannelOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = StreamWindowBytes,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions(),
    };
}
