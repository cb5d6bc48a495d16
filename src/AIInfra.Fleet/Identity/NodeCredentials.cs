using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Collections.Immutable;
using AIInfra.Fleet.V1;
using AIInfra.Grpc;
using Google.Protobuf;
using CertificateRequest = System.Security.Cryptography.X509Certificates.CertificateRequest;

namespace AIInfra.Fleet.Identity;

/// <summary>With what one connection is opened.</summary>
/// <param name="Token">A service-account token; null: the certificate.</param>
public sealed record NodeAccess(X509Certificate2? Certificate, string? Token, ImmutableArray<X509Certificate2> Authorities)
{
    public GrpcChannelOptions ChannelOptions(TimeProvider time) => new()
    {
        ClientCertificate = Certificate,
        TrustedAuthority = Authorities.FirstOrDefault(),
        MoreAuthorities = Authorities.IsEmpty ? [] : Authorities[1..],
        KeepAlive = TimeSpan.FromSeconds(20),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        Time = time,
    };

    public GrpcCallOptions CallOptions => new() { Headers = Token is null ? null : new GrpcMetadata { { "authorization", $"Bearer {Token}" } } };
}

/// <summary>It is not known how to prove who the node is; the message says what to do.</summary>
public sealed class CredentialsException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The node's key and certificate, or its service-account token. Joins with a join token where there is no good certificate, and renews in time. One caller at a time.</summary>
public sealed class NodeCredentials(FleetOptions options, TimeProvider time)
{
    private const string JoinPrefix = "aij.", WebTokenPrefix = "eyJ";
    private const int LongestFile = 64 << 10;

    private readonly double _renewAfter = 0.6 + (0.15 * options.Random()); // of the lifetime: a fleet that joined together does not renew together
    private X509Certificate2? _certificate;

    private string CertificateFile => Path.Combine(options.Folder, "node.pem");
    private string KeyFile => Path.Combine(options.Folder, "node.key");
    private string AuthorityFile => Path.Combine(options.Folder, "authorities.pem");

    /// <summary>What to connect with now; joins first where that is needed.</summary>
    /// <exception cref="CredentialsException">There is nothing to prove it with.</exception>
    /// <exception cref="GrpcException">The aggregator did not let it join, or did not answer.</exception>
    public async Task<NodeAccess> OpenAsync(CancellationToken cancellationToken)
    {
        var secret = ReadSecret();
        if (secret?.StartsWith(WebTokenPrefix, StringComparison.Ordinal) == true)
            return new NodeAccess(null, secret, GivenAuthorities() ?? []);
        _certificate ??= Load();
        if (_certificate is null || _certificate.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime)
            await JoinAsync(secret, cancellationToken);
        return new NodeAccess(_certificate, null, GivenAuthorities() ?? KeptAuthorities());
    }

    /// <summary>Gets the next certificate when the present one has had two thirds of its time.</summary>
    /// <exception cref="GrpcException">Not now; the present one is still used.</exception>
    public async Task RenewAsync(GrpcChannel channel, CancellationToken cancellationToken)
    {
        if (_certificate is not { } now)
            return;
        var (from, until) = (now.NotBefore.ToUniversalTime(), now.NotAfter.ToUniversalTime());
        if (time.GetUtcNow().UtcDateTime < from + ((until - from) * _renewAfter))
            return;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Keep(key, await channel.UnaryAsync(FleetApi.Renew, Request(key), new GrpcCallOptions { Timeout = TimeSpan.FromSeconds(20) }, cancellationToken));
    }

    /// <summary>The aggregator does not know the certificate any more: it is not used again, and the next opening joins anew.</summary>
    /// <returns>False: there is nothing to join with.</returns>
    public bool Discard()
    {
        if (ReadSecret() is not { } secret || !secret.StartsWith(JoinPrefix, StringComparison.Ordinal))
            return false;
        _certificate = null;
        File.Delete(CertificateFile);
        return true;
    }

    private async Task JoinAsync(string? secret, CancellationToken cancellationToken)
    {
        if (secret is null)
            throw new CredentialsException("there is no certificate that is good now, and fleet.credentials names no token to join with: write one from `aiinfra-aggregator token create --role join` into a file and name that.");
        if (secret.Split('.') is not ["aij", _, _, { Length: 32 } fingerprint])
            throw new CredentialsException($"{options.Credentials} holds neither a join token (aij.…) nor a service-account token.");
        var authorities = GivenAuthorities() ?? await FetchAuthorityAsync(fingerprint, cancellationToken);
        using var channel = GrpcChannel.ForAddress(options.Aggregator, new NodeAccess(null, null, authorities).ChannelOptions(time));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Keep(key, await channel.UnaryAsync(FleetApi.Join, Request(key), new NodeAccess(null, secret, []).CallOptions with { Timeout = TimeSpan.FromSeconds(20) }, cancellationToken));
    }

    private V1.CertificateRequest Request(ECDsa key) => new()
    {
        Node = options.Node,
        Request = ByteString.CopyFrom(new CertificateRequest(new X500DistinguishedName("CN=node"), key, HashAlgorithmName.SHA256).CreateSigningRequest()),
    };

    /// <summary>The key is written before the certificate: one without the other is never taken for a pair, as they are checked when they are read.</summary>
    private void Keep(ECDsa key, Certificate given)
    {
        try
        {
            using var leaf = X509CertificateLoader.LoadCertificate(given.Chain[0].Span);
            using var pair = leaf.CopyWithPrivateKey(key);
            PrivateFiles.MakeFolder(options.Folder);
            PrivateFiles.Write(KeyFile, key.ExportPkcs8PrivateKeyPem());
            PrivateFiles.Write(CertificateFile, leaf.ExportCertificatePem());
            PrivateFiles.Write(AuthorityFile, string.Concat(given.Authorities.Select(one => X509CertificateLoader.LoadCertificate(one.Span).ExportCertificatePem() + "\n")));
            _certificate = WithKey(pair);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new CredentialsException($"the certificate that the aggregator gave cannot be used: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsException($"the certificate cannot be kept in {options.Folder}: {fault.Message}", fault);
        }
    }

    private X509Certificate2? Load()
    {
        try
        {
            using var pair = X509Certificate2.CreateFromPem(File.ReadAllText(CertificateFile), File.ReadAllText(KeyFile));
            return WithKey(pair);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return null; // none, half a pair, or damaged: joining makes a new one
        }
    }

    private static X509Certificate2 WithKey(X509Certificate2 pair) => X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null); // with a key that OpenSSL holds

    private string? ReadSecret()
    {
        if (options.Credentials.Length == 0)
            return null;
        try
        {
            if (new FileInfo(options.Credentials) is { Exists: true, Length: > LongestFile })
                throw new CredentialsException($"{options.Credentials} is too large for a token.");
            return File.ReadAllText(options.Credentials).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (FileNotFoundException)
        {
            return null; // taken away after joining, as it should be
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CredentialsException($"fleet.credentials cannot be read: {fault.Message}", fault);
        }
    }

    private ImmutableArray<X509Certificate2>? GivenAuthorities() => options.Authority.Length == 0 ? null : ReadAuthorities(options.Authority);

    private ImmutableArray<X509Certificate2> KeptAuthorities() => ReadAuthorities(AuthorityFile);

    private static ImmutableArray<X509Certificate2> ReadAuthorities(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file)) is { IsEmpty: false } found ? found : throw new CredentialsException($"{file} holds no certificate.");
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CredentialsException($"The aggregator's authority cannot be read: {fault.Message}", fault);
        }
    }

    private static ImmutableArray<X509Certificate2> Parse(string pem)
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPem(pem);
        return [.. found];
    }

    /// <summary>Asks for the authority over a connection that proves nothing, and believes the answer only if it is the one that the join token names. No secret is sent.</summary>
    private async Task<ImmutableArray<X509Certificate2>> FetchAuthorityAsync(string fingerprint, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
#pragma warning disable CA5359 // what comes back is compared with the fingerprint
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        using var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(20), MaxResponseContentBufferSize = LongestFile };
        try
        {
            var pem = await http.GetStringAsync(new Uri(options.Aggregator, "/authority.pem"), cancellationToken);
            ImmutableArray<X509Certificate2> trusted = [.. Parse(pem).Where(one => Fingerprint.Of(one) == fingerprint)];
            return !trusted.IsEmpty
                ? trusted
                : throw new CredentialsException($"{options.Aggregator.Authority} has another authority than the join token names: is it the right aggregator, and the token not older than its authority? Make a new join token.");
        }
        catch (Exception fault) when (fault is HttpRequestException or CryptographicException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new GrpcException(GrpcStatus.Unavailable, $"{options.Aggregator.Authority}: {fault.Message}", fault);
        }
    }
}
