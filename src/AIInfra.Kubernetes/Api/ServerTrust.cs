using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Kubernetes.Api;

/// <summary>TLS to the API server: whom to believe, and with which certificate to speak. Both are looked at anew for each connection, so renewed files count at once.</summary>
internal sealed class ServerTrust(ApiCredentials credentials, TimeProvider time)
{
    private string? _refusal;

    /// <summary>Why the last handshake was refused by us; null when it was not. Taken once.</summary>
    public string? TakeRefusal() => Interlocked.Exchange(ref _refusal, null);

    public SslClientAuthenticationOptions Options()
    {
        var options = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                var refusal = Judge(certificate as X509Certificate2, chain, errors);
                Volatile.Write(ref _refusal, refusal);
                return refusal is null;
            },
        };
        if (credentials.ClientCertificate is not null)
            options.LocalCertificateSelectionCallback = (_, _, _, _, _) => ClientCertificate();
        return options;
    }

    /// <summary>Says so when the agent's own certificate is outdated; null when it is not, or there is none.</summary>
    public string? OwnFault()
    {
        if (credentials.ClientCertificate is not { } source)
            return null;
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(source.Read());
            return Outdated(certificate) is { } fault ? $"the agent's own certificate ({source.Place}) {fault}" : null;
        }
        catch (Exception fault) when (fault is CryptographicException or ApiException)
        {
            return $"the agent's own certificate ({source.Place}) cannot be read: {fault.Message}";
        }
    }

    /// <returns>Null when it is believed, else why not and what to do.</returns>
    private string? Judge(X509Certificate2? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is null)
            return "the server sent no certificate; is this address an API server?";
        if (Outdated(certificate) is { } outdated)
            return $"the server's certificate {outdated}";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the server's certificate ({certificate.Subject}) is not for {credentials.TlsServerName ?? credentials.Server.Host}; set server, or tls-server-name, to a name that it has";
        try
        {
            if (credentials.Authority is null)
                return errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) ? $"the host does not trust who signed the server's certificate ({certificate.Issuer}); give certificate-authority" : null;
            return IsSigned(certificate, sent) ? null
                : $"the server's certificate (signed by {certificate.Issuer}) is not signed by the authority in {credentials.Authority.Place}; is this the right cluster, or was its authority renewed?";
        }
        catch (Exception fault) when (fault is CryptographicException or ApiException)
        {
            return $"the certificate authority ({credentials.Authority!.Place}) cannot be read: {fault.Message}";
        }
    }

    private string? Outdated(X509Certificate2 certificate)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return now > to ? $"expired at {Show(to)}, and this node's clock says {Show(now)}: renew it, or set the clock"
            : now < from ? $"is valid from {Show(from)} on, and this node's clock says {Show(now)}: set the clock" : null;
    }

    private bool IsSigned(X509Certificate2 certificate, X509Chain? sent)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(credentials.Authority!.Read());
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore); // intermediates that the server sent
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // a cluster's own authority has no revocation list
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().LocalDateTime;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private X509Certificate2 ClientCertificate()
    {
        using var pem = X509Certificate2.CreateFromPem(credentials.ClientCertificate!.Read(), credentials.ClientKey!.Read());
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null); // with a key that TLS can use
    }

    private static string Show(DateTime at) => at.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
