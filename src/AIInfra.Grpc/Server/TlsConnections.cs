using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace AIInfra.Grpc.Server;

/// <summary>TLS below HTTP/2, as a connection middleware. Kestrel's own needs the services of a web host; a bare server has none.</summary>
internal sealed partial class TlsConnections(X509Certificate2 certificate, ILogger logger)
{
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(10);

    private readonly SslServerAuthenticationOptions _options = new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
        ApplicationProtocols = [SslApplicationProtocol.Http2],
    };

    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        var plain = connection.Transport;
        await using var tls = new SslStream(new DuplexStream(plain.Input.AsStream(), plain.Output.AsStream()));
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            patience.CancelAfter(HandshakePatience);
            await tls.AuthenticateAsServerAsync(_options, patience.Token);
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException or OperationCanceledException)
        {
            LogRefused(connection.ConnectionId, refused);
            return;
        }
        var leaveOpen = new StreamPipeReaderOptions(leaveOpen: true);
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

    [LoggerMessage(Level = LogLevel.Debug, Message = "The TLS handshake of connection {Connection} failed")]
    private partial void LogRefused(string connection, Exception refused);

    private sealed record DuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
