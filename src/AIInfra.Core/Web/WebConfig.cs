using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Authentication;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Web;

/// <summary>An exporter-toolkit web config as it was read. Immutable.</summary>
/// <param name="Tls">Null: plain HTTP.</param>
/// <param name="Users">Names and bcrypt hashes; empty: nobody is asked who they are.</param>
/// <param name="Headers">Added to every answer.</param>
/// <param name="RateLimit">Null: none.</param>
/// <param name="Notes">What was read but is done otherwise here, as sentences.</param>
internal sealed record WebConfig(
    WebTls? Tls, ImmutableDictionary<string, string> Users, bool UsesHttp2, ImmutableArray<KeyValuePair<string, string>> Headers, WebRateLimit? RateLimit,
    ImmutableArray<ConfigError> Notes);

/// <param name="Interval">From one request to the next, in the long run.</param>
/// <param name="Burst">So many at once.</param>
internal sealed record WebRateLimit(TimeSpan Interval, int Burst);

/// <summary>Where TLS finds its certificates, and what it demands.</summary>
internal sealed record WebTls
{
    public required WebPem Certificate { get; init; }
    public required WebPem Key { get; init; }
    /// <summary>Who signs clients' certificates; null: the authorities that the host trusts.</summary>
    public WebPem? ClientAuthority { get; init; }
    public ClientCertificates Clients { get; init; }
    /// <summary>Names of which a client's certificate must have one; empty: any name.</summary>
    public ImmutableArray<string> AllowedNames { get; init; } = [];
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;
    /// <summary>For TLS 1.2; empty: OpenSSL's own.</summary>
    public ImmutableArray<TlsCipherSuite> CipherSuites { get; init; } = [];
}

/// <summary>A PEM text that stands in the file, or in a file of its own.</summary>
/// <param name="Mark">Where it is named.</param>
/// <param name="Key">The field that names it: <c>tls_server_config.cert_file</c>.</param>
/// <param name="File">Null: <paramref name="Text"/> is it.</param>
internal sealed record WebPem(ConfigMark Mark, string Key, string? File, string? Text);

/// <summary>Go's words for what is asked of a client (crypto/tls, ClientAuthType).</summary>
internal enum ClientCertificates
{
    None,
    Asked,
    AnyRequired,
    VerifiedIfGiven,
    VerifiedAndRequired,
}
