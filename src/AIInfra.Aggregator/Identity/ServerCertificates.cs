using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Identity;

/// <param name="Names">DNS names and addresses that the aggregator's own certificate bears.</param>
/// <param name="Certificate">A PEM file of somebody else's authority instead, with its chain; empty: the aggregator's own.</param>
/// <param name="Key">With <paramref name="Certificate"/>.</param>
internal sealed record ServerCertificateOptions(ImmutableArray<string> Names, string Certificate, string Key);

/// <summary>What this server shows in a TLS handshake: made anew in time, read anew when its file was replaced, changed when the authority was rotated.</summary>
internal sealed partial class ServerCertificates(ServerCertificateOptions options, AuthorityHolder authority, TimeProvider time, ILogger<ServerCertificates> logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90), Margin = TimeSpan.FromDays(30), LookAgain = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private SslServerAuthenticationOptions? _current;
    private (Authority Authority, DateTime File, DateTimeOffset Until) _madeFor;
    private long _lookedAt;

    /// <summary>Asked at each handshake.</summary>
    /// <exception cref="IOException">The files cannot be used, and none could be before.</exception>
    public SslServerAuthenticationOptions Current()
    {
        lock (_gate)
        {
            if (_current is not null && ReferenceEquals(_madeFor.Authority, authority.Current) && time.GetElapsedTime(_lookedAt) < LookAgain)
                return _current;
            _lookedAt = time.GetTimestamp();
            var written = options.Certificate.Length == 0 ? default : File.GetLastWriteTimeUtc(options.Certificate);
            if (_current is not null && ReferenceEquals(_madeFor.Authority, authority.Current) && _madeFor.File == written && time.GetUtcNow() < _madeFor.Until - Margin)
                return _current;
            try
            {
                var (leaf, chain) = options.Certificate.Length == 0 ? (authority.Current.MakeServer(options.Names, Lifetime), Own()) : Read();
                _current = Options(leaf, chain);
                _madeFor = (authority.Current, written, options.Certificate.Length == 0 ? new DateTimeOffset(leaf.NotAfter.ToUniversalTime()) : DateTimeOffset.MaxValue);
            }
            catch (IOException fault) when (_current is not null)
            {
                LogKept(fault.Message);
            }
            return _current!;
        }
    }

    private X509Certificate2Collection Own() => authority.Current.Cross is { } cross ? [cross] : [];

    private SslServerAuthenticationOptions Options(X509Certificate2 leaf, X509Certificate2Collection chain) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true,
            SslCertificateTrust.CreateForX509Collection(Named(), sendTrustInHandshake: true)), // so that browsers offer no other certificate
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateRequired = true, // asked for, not insisted on: people come with tokens
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is null || certificate is X509Certificate2 client && authority.Current.NodeOf(client) is not null,
    };

    /// <summary>Without the newest where it is crossed: .NET would build the server's chain to that one, and leave out the cross that older nodes need.</summary>
    private X509Certificate2Collection Named() => [.. authority.Current.Cross is null ? authority.Current.Trusted : authority.Current.Trusted[1..]];

    private (X509Certificate2 Leaf, X509Certificate2Collection Chain) Read()
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(File.ReadAllText(options.Certificate));
            using var pair = X509Certificate2.CreateFromPem(File.ReadAllText(options.Certificate), File.ReadAllText(options.Key));
            return (X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null), chain);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new IOException($"listen.certificate ({options.Certificate}) with listen.key ({options.Key}) cannot be used: {fault.Message}", fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Why} The certificate that was read before is shown on.")]
    private partial void LogKept(string why);
}
