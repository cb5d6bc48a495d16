using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace AIInfra.Grpc.Server;

/// <summary>TLS below HTTP, as a connection middleware. Kestrel's own needs the services of a web host; a bare server has none.</summary>
/// <param name="options">Asked at each handshake, so that a renewed certificate counts at once.</param>
/// <param name="logger">Takes why a handshake failed, at the level of each round.</param>
public sealed partial class TlsConnections(Func<SslServerAuthenticationOptions> options, ILogger logger)
{
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(10);

    /// <summary>HTTP/2 with this one certificate, for any client.</summary>
    internal static TlsConnections ForHttp2(X509Certificate2 certificate, ILogger logger)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        };
        return new TlsConnections(() => options, logger);
    }

    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        var plain = connection.Transport;
        await using var tls = new SslStream(new DuplexStream(plain.Input.AsStream(), plain.Output.AsStream()));
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            patience.CancelAfter(HandshakePatience);
            await tls.AuthenticateAsServerAsync(options(), patience.Token);
            var negotiated = new Negotiated(tls.NegotiatedApplicationProtocol.Protocol, tls.RemoteCertificate as X509Certificate2); // Kestrel speaks what was agreed on
            connection.Features.Set<ITlsApplicationProtocolFeature>(negotiated);
            connection.Features.Set<ITlsConnectionFeature>(negotiated);
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException or OperationCanceledException)
        {
            LogRefused(connection.ConnectionId, refused);
            return;
        }
        var leaveOpen = new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true); // a silent connection then holds no buffer: 36 KB less
        connection.Transport = new DuplexPipe(PipeReader.Create(tls, leaveOpen), PipeWriter.Create(tls, new StreamPipeWriterOptions(leaveOpen: true)));
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = plain;
        }
    };

    [LoggerMessage(EventName = "TlsConnections.Refused", Level = LogLevel.Debug, Message = "The TLS handshake of connection {Connection} failed")]
    private partial void LogRefused(string connection, Exception refused);

    private sealed record Negotiated(ReadOnlyMemory<byte> ApplicationProtocol, X509Certificate2? Client) : ITlsApplicationProtocolFeature, ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get => Client; set { } }
        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(Client);
    }

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
