using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Authentication;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Web;

/// <summary>Reads <c>tls_server_config</c>, in Go's words for versions, cipher suites and curves.</summary>
internal static class WebTlsReader
{
    private const string Section = "tls_server_config", NoClientCert = "NoClientCert";

    private static readonly ImmutableArray<string> Versions = ["TLS10", "TLS11", "TLS12", "TLS13"];

    /// <summary>What Go's crypto/tls lists as secure; those of TLS 1.3 are always on, there as here.</summary>
    private static readonly ImmutableArray<TlsCipherSuite> Suites =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    /// <param name="folder">Relative paths begin there.</param>
    /// <returns>Null: plain HTTP.</returns>
    public static WebTls? Read(YamlFields file, string folder, ImmutableArray<ConfigError>.Builder errors, ImmutableArray<ConfigError>.Builder notes)
    {
        var section = file.Find(Section);
        var fields = new YamlFields(Section, section?.Value, errors);
        var certificate = ReadPem(fields, "cert", "cert_file", folder);
        var key = ReadPem(fields, "key", "key_file", folder);
        var authority = ReadPem(fields, "client_ca", "client_ca_file", folder);
        var asked = fields.Choice("client_auth_type", NoClientCert, "RequestClientCert", "RequireAnyClientCert", "RequireClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert", "");
        var clients = asked switch
        {
            "RequestClientCert" => ClientCertificates.Asked,
            "RequireAnyClientCert" or "RequireClientCert" => ClientCertificates.AnyRequired,
            "VerifyClientCertIfGiven" => ClientCertificates.VerifiedIfGiven,
            "RequireAndVerifyClientCert" => ClientCertificates.VerifiedAndRequired,
            _ => ClientCertificates.None,
        };
        var names = Texts(fields, "client_allowed_sans");
        var protocols = ReadVersions(fields, notes);
        var suites = ReadSuites(fields);
        fields.Flag("prefer_server_cipher_suites"); // Go decides by itself since 1.17, and so does OpenSSL here
        ReadCurves(fields, notes);
        fields.Close();

        var isOn = certificate is not null || key is not null || authority is not null || !string.IsNullOrEmpty(asked);
        if (!isOn || errors.Count > 0)
        {
            if (!isOn && section is { } set)
                notes.Add(new ConfigError(set.KeyMark, $"{Section} names neither certificate nor key: TLS is off."));
            return null;
        }
        if (certificate is null || key is null)
            fields.Error(fields.Mark, certificate is null ? "cert_file" : "key_file", $"is missing: TLS needs {(certificate is null ? "a certificate" : "its key")}.");
        if (authority is not null && clients == ClientCertificates.None)
            fields.Error(authority.Mark, "client_auth_type", $"must be set where {authority.Key} is: without it no client is asked for a certificate. RequireAndVerifyClientCert is the safe one.");
        if (fields.Find("client_allowed_sans") is { } allowed && clients is not (ClientCertificates.AnyRequired or ClientCertificates.VerifiedAndRequired))
            fields.Error(allowed.KeyMark, "client_allowed_sans", "needs client_auth_type RequireAndVerifyClientCert (or RequireAnyClientCert): a client without a certificate has no name.");
        return errors.Count > 0 ? null : new WebTls
        {
            Certificate = certificate!,
            Key = key!,
            ClientAuthority = authority,
            Clients = clients,
            AllowedNames = names,
            Protocols = protocols,
            CipherSuites = suites,
        };
    }

    private static WebPem? ReadPem(YamlFields fields, string inline, string file, string folder)
    {
        var (text, path) = (fields.Text(inline), fields.Text(file));
        if (!string.IsNullOrEmpty(text) && !string.IsNullOrEmpty(path))
            fields.Error(fields.Find(inline)!.Value.KeyMark, inline, $"stands beside {file}; keep one of the two.");
        return !string.IsNullOrEmpty(path) ? new WebPem(fields.Find(file)!.Value.Value.Mark, fields.Full(file), Path.Combine(folder, path), null)
            : !string.IsNullOrEmpty(text) ? new WebPem(fields.Find(inline)!.Value.Value.Mark, fields.Full(inline), null, text)
            : null;
    }

    private static SslProtocols ReadVersions(YamlFields fields, ImmutableArray<ConfigError>.Builder notes)
    {
        var (least, most) = (fields.Choice("min_version", [.. Versions]) ?? "TLS12", fields.Choice("max_version", [.. Versions]) ?? "TLS13");
        if (Versions.IndexOf(most) < 2)
            fields.Error(fields.Find("max_version")!.Value.Value.Mark, "max_version", $"{most} is not spoken here; TLS12 and TLS13 are.");
        else if (Versions.IndexOf(least) > Versions.IndexOf(most))
            fields.Error(fields.Find("min_version")!.Value.Value.Mark, "min_version", $"{least} is above max_version, {most}.");
        else if (Versions.IndexOf(least) < 2)
            notes.Add(new ConfigError(fields.Find("min_version")!.Value.Value.Mark, $"{Section}.min_version: {least} is not spoken here; TLS12 is the least."));
        return (Versions.IndexOf(least) <= 2 ? SslProtocols.Tls12 : 0) | (most == "TLS13" ? SslProtocols.Tls13 : 0);
    }

    private static ImmutableArray<TlsCipherSuite> ReadSuites(YamlFields fields)
    {
        var suites = ImmutableArray.CreateBuilder<TlsCipherSuite>();
        foreach (var item in fields.List("cipher_suites"))
        {
            if (item is YamlScalar { Text: var name } && Enum.TryParse<TlsCipherSuite>(name, out var suite) && Suites.Contains(suite) && !char.IsAsciiDigit(name[0]))
                suites.Add(suite);
            else
                fields.Error(item.Mark, "cipher_suites", $"\"{YamlFields.Show(item)}\" is no cipher suite that may be used; there are: {string.Join(", ", Suites)}.");
        }
        return suites.ToImmutable();
    }

    private static void ReadCurves(YamlFields fields, ImmutableArray<ConfigError>.Builder notes)
    {
        var curves = fields.List("curve_preferences");
        foreach (var item in curves)
        {
            if (item is not YamlScalar { Text: "CurveP256" or "CurveP384" or "CurveP521" or "X25519" })
                fields.Error(item.Mark, "curve_preferences", $"\"{YamlFields.Show(item)}\" is no curve that is known; there are: CurveP256, CurveP384, CurveP521, X25519.");
        }
        if (!curves.IsEmpty)
            notes.Add(new ConfigError(fields.Find("curve_preferences")!.Value.KeyMark, $"{Section}.curve_preferences is not applied: .NET leaves the curves to OpenSSL. To narrow them, set Groups in the file that OPENSSL_CONF names (docs/operations.md)."));
    }

    private static ImmutableArray<string> Texts(YamlFields fields, string key)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in fields.List(key))
        {
            if (item is YamlScalar scalar && scalar.Text.Length > 0)
                texts.Add(scalar.Text);
            else
                fields.Error(item.Mark, key, $"\"{YamlFields.Show(item)}\" is not usable; it must be text.");
        }
        return texts.ToImmutable();
    }
}
