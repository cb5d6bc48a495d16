using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AIInfra.Fleet.Identity;

/// <summary>How a join token says which authority it trusts: the first 32 hex digits of the SHA-256 of its public key.</summary>
public static class Fingerprint
{
    public static string Of(X509Certificate2 authority) => Convert.ToHexStringLower(SHA256.HashData(authority.PublicKey.ExportSubjectPublicKeyInfo()))[..32];
}
