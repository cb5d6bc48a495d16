using System.Collections.Immutable;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AIInfra.Fleet.Identity;

namespace AIInfra.Aggregator.Identity;

/// <summary>The aggregator's own certificate authority, in <c>authority/</c> of the state folder. Immutable: after a rotation it is opened anew.</summary>
internal sealed class Authority
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3652);
    /// <summary>So that a clock that is a little behind accepts what is new.</summary>
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);
    private static readonly Oid ServerUse = new("1.3.6.1.5.5.7.3.1"), ClientUse = new("1.3.6.1.5.5.7.3.2"); // RFC 5280, 4.2.1.12

    private readonly ConditionalWeakTable<X509Certificate2, string> _known = [];
    private readonly X509Certificate2 _signer;
    private readonly TimeProvider _time;

    private Authority(X509Certificate2 signer, X509Certificate2? cross, ImmutableArray<X509Certificate2> trusted, TimeProvider time) =>
        (_signer, Cross, Trusted, _time) = (signer, cross, trusted, time);

    /// <summary>The newest first; an older one after a rotation, until it expires or its file is removed.</summary>
    public ImmutableArray<X509Certificate2> Trusted { get; }

    /// <summary>The newest authority's key, signed by the one before: who trusts only that one comes from here to the newest. Null without one before.</summary>
    public X509Certificate2? Cross { get; }

    /// <summary>Of the newest.</summary>
    public string Fingerprint => Fleet.Identity.Fingerprint.Of(_signer);

    /// <summary>Opens it, and makes it where there is none yet.</summary>
    /// <exception cref="IOException">It cannot be read or made; the message says which file.</exception>
    public static Authority Open(string stateFolder, TimeProvider time)
    {
        var folder = Folder(stateFolder);
        if (!File.Exists(Path.Combine(folder, "current.pem")))
        {
            PrivateFiles.Locked(stateFolder, () =>
            {
                if (!File.Exists(Path.Combine(folder, "current.pem")))
                    Make(folder, time);
                return true;
            });
        }
        return Read(folder, time);
    }

    /// <summary>Makes a new authority, trusted beside the one that there was. What the old one signed stays good until it expires.</summary>
    /// <exception cref="IOException">Nothing was changed.</exception>
    public static Authority Rotate(string stateFolder, TimeProvider time)
    {
        var folder = Folder(stateFolder);
        var before = Open(stateFolder, time);
        PrivateFiles.Locked(stateFolder, () =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var fresh = SelfSigned(key, time);
            PrivateFiles.Write(Path.Combine(folder, "previous.pem"), string.Join('\n', before.Trusted.Select(certificate => certificate.ExportCertificatePem())));
            using var cross = before.Sign(AuthorityRequest(new X500DistinguishedName(fresh.SubjectName), new PublicKey(key)), before._signer.NotAfter - time.GetUtcNow().UtcDateTime);
            PrivateFiles.Write(Path.Combine(folder, "cross.pem"), cross.ExportCertificatePem());
            PrivateFiles.Write(Path.Combine(folder, "current.key"), key.ExportPkcs8PrivateKeyPem());
            PrivateFiles.Write(Path.Combine(folder, "current.pem"), fresh.ExportCertificatePem()); // last: an older key beside it is refused when it is read
            return true;
        });
        return Read(folder, time);
    }

    /// <summary>The certificate of a node for the key of its request.</summary>
    /// <param name="pkcs10">DER. Its own signature is checked, its wishes are not: name and uses are given here.</param>
    /// <exception cref="CryptographicException">It is no request, its signature is wrong, or its key is too weak.</exception>
    public X509Certificate2 SignNode(byte[] pkcs10, string node, TimeSpan lifetime)
    {
        var asked = CertificateRequest.LoadSigningRequest(pkcs10, HashAlgorithmName.SHA256, signerSignaturePadding: RSASignaturePadding.Pkcs1);
        using var elliptic = asked.PublicKey.GetECDsaPublicKey();
        using var rsa = asked.PublicKey.GetRSAPublicKey();
        if (!(elliptic?.KeySize >= 256 || rsa?.KeySize is >= 2048 and <= 8192))
            throw new CryptographicException("The key of the request is neither ECDSA of at least 256 bits nor RSA of 2,048 to 8,192.");
        var request = new CertificateRequest(Named(node), asked.PublicKey, HashAlgorithmName.SHA256);
        AddLeaf(request, ClientUse);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(node);
        request.CertificateExtensions.Add(names.Build());
        return Sign(request, lifetime);
    }

    /// <summary>A certificate of this server, with its key.</summary>
    public X509Certificate2 MakeServer(IEnumerable<string> names, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("CN=aiinfra-aggregator"), key, HashAlgorithmName.SHA256);
        AddLeaf(request, ServerUse);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        using var bare = Sign(request, lifetime);
        using var pair = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null); // with a key that OpenSSL holds
    }

    /// <summary>The node that a client's certificate stands for; null when it is not ours, or not now.</summary>
    public string? NodeOf(X509Certificate2 certificate)
    {
        // The handshake and each call on the connection bring the same object: a chain is built once for it
        if (_known.TryGetValue(certificate, out var known) && _time.GetUtcNow().UtcDateTime < certificate.NotAfter.ToUniversalTime())
            return known;
        if (FindNode(certificate) is not { } node)
            return null;
        _known.AddOrUpdate(certificate, node);
        return node;
    }

    private string? FindNode(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(Trusted.ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // what was revoked is asked of Revocations
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(ClientUse);
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        var isGood = chain.Build(certificate);
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose(); // else OpenSSL's copies stay until a collection, which thousands of handshakes do not wait for
        if (!isGood)
            return null;
        return certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault()?.EnumerateDnsNames().FirstOrDefault() is { } name && NodeName.IsGood(name) ? name : null;
    }

    /// <summary>The moment of signing: certificates begin a little earlier.</summary>
    public static DateTimeOffset IssuedAt(X509Certificate2 certificate) => new DateTimeOffset(certificate.NotBefore.ToUniversalTime()) + Backdated;

    private static string Folder(string stateFolder) => Path.Combine(stateFolder, "authority");

    private static Authority Read(string folder, TimeProvider time)
    {
        var at = Path.Combine(folder, "current.pem");
        try
        {
            var certificate = File.ReadAllText(at);
            at = Path.Combine(folder, "current.key");
            using var pair = X509Certificate2.CreateFromPem(certificate, File.ReadAllText(at));
            var signer = X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
            at = Path.Combine(folder, "previous.pem");
            var previous = new X509Certificate2Collection();
            if (File.Exists(at))
                previous.ImportFromPem(File.ReadAllText(at));
            at = Path.Combine(folder, "cross.pem");
            var cross = File.Exists(at) ? X509CertificateLoader.LoadCertificate(PemBytes(at)) : null;
            var now = time.GetUtcNow();
            ImmutableArray<X509Certificate2> older = [.. previous.Where(one => one.NotAfter.ToUniversalTime() > now.UtcDateTime)];
            return new Authority(signer, older.IsEmpty ? null : cross, [X509CertificateLoader.LoadCertificate(signer.RawData), .. older], time);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The certificate authority cannot be used: {at}: {fault.Message} Put the files of {folder} back from a copy; without one, move the folder away: a new authority is made, and every node joins again.", fault);
        }
    }

    private static byte[] PemBytes(string path)
    {
        var text = File.ReadAllText(path);
        var fields = PemEncoding.Find(text);
        return Convert.FromBase64String(text[fields.Base64Data]);
    }

    private static void Make(string folder, TimeProvider time)
    {
        PrivateFiles.MakeFolder(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = SelfSigned(key, time);
        PrivateFiles.Write(Path.Combine(folder, "current.key"), key.ExportPkcs8PrivateKeyPem());
        PrivateFiles.Write(Path.Combine(folder, "current.pem"), certificate.ExportCertificatePem());
    }

    private static X509Certificate2 SelfSigned(ECDsa key, TimeProvider time)
    {
        var name = new X500DistinguishedName($"CN=aiinfra-aggregator authority {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        AddAuthority(request);
        var now = time.GetUtcNow();
        return request.CreateSelfSigned(now - Backdated, now + Lifetime);
    }

    private static CertificateRequest AuthorityRequest(X500DistinguishedName name, PublicKey key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        AddAuthority(request);
        return request;
    }

    private static void AddAuthority(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
    }

    private static void AddLeaf(CertificateRequest request, Oid use)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([use], critical: false));
    }

    private X509Certificate2 Sign(CertificateRequest request, TimeSpan lifetime)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_signer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f; // positive
        var now = _time.GetUtcNow();
        var (from, until) = (now - Backdated, now + lifetime);
        var (earliest, latest) = (new DateTimeOffset(_signer.NotBefore.ToUniversalTime()), new DateTimeOffset(_signer.NotAfter.ToUniversalTime()));
        return request.Create(_signer, from < earliest ? earliest : from, until > latest ? latest : until, serial);
    }

    private static X500DistinguishedName Named(string node)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(node.Length <= 64 ? node : node[..64]); // RFC 5280: at most 64; the whole name is among the alternatives
        return name.Build();
    }
}
