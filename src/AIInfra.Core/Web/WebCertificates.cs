using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AIInfra.Core.Configuration;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Web;

/// <summary>What a TLS handshake needs, made of a <see cref="WebTls"/> and of the files that it names, as they were at one moment.</summary>
internal sealed class WebCertificates
{
    private const string ClientUse = "1.3.6.1.5.5.7.3.2"; // id-kp-clientAuth, RFC 5280, 4.2.1.12
    private const int LongestFile = 1 << 20; // bytes

    private readonly WebTls _tls;
    private readonly X509Certificate2Collection? _authorities;

    private WebCertificates(WebTls tls, bool usesHttp2, SslStreamCertificateContext own, X509Certificate2Collection? authorities)
    {
        (_tls, _authorities) = (tls, authorities);
        Options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = own,
            EnabledSslProtocols = tls.Protocols,
            ApplicationProtocols = usesHttp2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] : [SslApplicationProtocol.Http11],
            ClientCertificateRequired = tls.Clients != ClientCertificates.None,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck, // as exporter-toolkit
            RemoteCertificateValidationCallback = tls.Clients == ClientCertificates.None ? null
                : (_, certificate, chain, _) => IsWelcome(certificate as X509Certificate2, chain),
        };
        if (!tls.CipherSuites.IsEmpty)
        {
            Options.CipherSuitesPolicy = new CipherSuitesPolicy(tls.CipherSuites.Concat(
                [TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256]).Distinct());
        }
        if (tls.Clients != ClientCertificates.None)
        {
            // .NET builds a chain of its own before it asks us: it need not read the host's hundred and more authorities for that.
            Options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
            };
        }
    }

    public SslServerAuthenticationOptions Options { get; }

    /// <summary>Reads the files.</summary>
    /// <returns>Null when there is an error.</returns>
    public static (WebCertificates? Certificates, ConfigError? Error) Load(WebTls tls, bool usesHttp2)
    {
        var at = tls.Certificate;
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(Text(at));
            if (chain.Count == 0)
                return (null, Error(at, "it holds no certificate."));
            at = tls.Key;
            using var pair = X509Certificate2.CreateFromPem(Text(tls.Certificate), Text(tls.Key));
            var own = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null); // with a key that OpenSSL holds
            at = tls.Certificate;
            var context = SslStreamCertificateContext.Create(own, chain, offline: true);
            X509Certificate2Collection? authorities = null;
            if (tls.ClientAuthority is { } authority)
            {
                at = authority;
                authorities = [];
                authorities.ImportFromPem(Text(at));
                if (authorities.Count == 0)
                    return (null, Error(at, "it holds no certificate."));
            }
            return (new WebCertificates(tls, usesHttp2, context, authorities), null);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return (null, Error(at, at == tls.Key ? $"the certificate and its key cannot be used together: {Sentence(fault)}" : $"it cannot be used: {Sentence(fault)}"));
        }
    }

    /// <summary>Which files stand behind the names now: another answer after a change of any of them.</summary>
    public static ImmutableArray<(string File, FileIdentity? Identity, DateTime Written)> FilesOf(WebTls tls) =>
        [.. new[] { tls.Certificate, tls.Key, tls.ClientAuthority }.Select(pem => pem?.File).OfType<string>().Select(Look)];

    /// <summary>A mounted secret changes by a link above it, so the file that a name leads to counts.</summary>
    public static (string File, FileIdentity? Identity, DateTime Written) Look(string file)
    {
        try
        {
            var target = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file;
            return (target, FileIdentity.TryRead(target), File.GetLastWriteTimeUtc(target));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return (file, null, default);
        }
    }

    /// <summary>Go's rules (crypto/tls and crypto/x509): the chain ends at an authority, and the certificate is for clients.</summary>
    private bool IsWelcome(X509Certificate2? certificate, X509Chain? sent)
    {
        if (certificate is null)
            return _tls.Clients is ClientCertificates.Asked or ClientCertificates.VerifiedIfGiven;
        if (_tls.Clients is ClientCertificates.VerifiedIfGiven or ClientCertificates.VerifiedAndRequired && !IsSigned(certificate, sent))
            return false;
        return _tls.AllowedNames.IsEmpty || NamesOf(certificate).Any(name => _tls.AllowedNames.Contains(name));
    }

    private bool IsSigned(X509Certificate2 certificate, X509Chain? sent)
    {
        using var chain = new X509Chain();
        if (_authorities is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        }
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore); // intermediates that the client sent
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientUse));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    /// <summary>DNS names, addresses, mail addresses and URIs of the subject alternative name (RFC 5280, 4.2.1.6).</summary>
    internal static IEnumerable<string> NamesOf(X509Certificate2 certificate)
    {
        const int Mail = 1, Dns = 2, Uri = 6, Address = 7;
        var names = new List<string>();
        if (certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is not { } extension)
            return names;
        try
        {
            var sequence = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (sequence.HasData)
            {
                var tag = sequence.PeekTag();
                if (tag.TagClass == TagClass.ContextSpecific && tag.TagValue is Mail or Dns or Uri)
                    names.Add(sequence.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                else if (tag is { TagClass: TagClass.ContextSpecific, TagValue: Address } && sequence.ReadOctetString(tag) is { Length: 4 or 16 } bytes)
                    names.Add(new IPAddress(bytes).ToString());
                else
                    sequence.ReadEncodedValue();
            }
        }
        catch (AsnContentException)
        {
            names.Clear(); // a certificate that cannot be read has no name
        }
        return names;
    }

    private static string Text(WebPem pem)
    {
        if (pem.Text is { } text)
            return text;
        if (new FileInfo(pem.File!) is { Exists: true, Length: > LongestFile } large)
            throw new IOException($"{pem.File} has {large.Length:N0} bytes; is it the right file?");
        return File.ReadAllText(pem.File!, Encoding.UTF8);
    }

    private static ConfigError Error(WebPem at, string sentence) => new(at.Mark, $"{at.Key}{(at.File is null ? "" : $" ({at.File})")}: {sentence}");

    private static string Sentence(Exception fault) => $"{fault.Message.TrimEnd('.')}.";
}
