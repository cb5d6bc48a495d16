using System.Net.Security;
using System.Security.Authentication;
using AIInfra.Core.Configuration;
using AIInfra.Core.Web;

namespace AIInfra.UnitTests.Web;

public sealed class WebConfigReaderTests
{
    private const string Hash = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"; // of "secret", by Python's crypt

    [Fact]
    public void All_that_the_toolkit_documents_is_read()
    {
        var (config, errors) = Read($$"""
            tls_server_config:
              cert_file: tls/server.pem
              key_file: /etc/tls/server.key
              client_ca_file: ca.pem
              client_auth_type: RequireAndVerifyClientCert
              client_allowed_sans: [a.example, "10.0.0.1"]
              min_version: TLS13
              max_version: TLS13
              cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
              prefer_server_cipher_suites: false
              curve_preferences: [X25519, CurveP256]
            http_server_config:
              http2: false
              headers:
                Content-Security-Policy: default-src 'none'
                X-Frame-Options: sameorigin
                X-Content-Type-Options: nosniff
                X-XSS-Protection: ""
                Strict-Transport-Security: max-age=1
            basic_auth_users:
              alice: {{Hash}}
            rate_limit: { interval: 1.5s, burst: 20 }
            """);

        Assert.Empty(errors);
        Assert.Equal("/etc/web/tls/server.pem", config!.Tls!.Certificate.File);
        Assert.Equal("/etc/tls/server.key", config.Tls.Key.File);
        Assert.Equal("/etc/web/ca.pem", config.Tls.ClientAuthority!.File);
        Assert.Equal(ClientCertificates.VerifiedAndRequired, config.Tls.Clients);
        Assert.Equal(["a.example", "10.0.0.1"], config.Tls.AllowedNames);
        Assert.Equal(SslProtocols.Tls13, config.Tls.Protocols);
        Assert.Equal([TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], config.Tls.CipherSuites);
        Assert.False(config.UsesHttp2);
        Assert.Equal(["Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Strict-Transport-Security"], config.Headers.Select(header => header.Key));
        Assert.Equal(Hash, config.Users["alice"]);
        Assert.Equal(new WebRateLimit(TimeSpan.FromSeconds(1.5), 20), config.RateLimit);
        Assert.Contains(config.Notes, note => note.Message.Contains("curve_preferences is not applied", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    public void An_empty_file_asks_for_nothing(string text)
    {
        var (config, errors) = Read(text);

        Assert.Empty(errors);
        Assert.Null(config!.Tls);
        Assert.Empty(config.Users);
        Assert.True(config.UsesHttp2);
    }

    [Theory]
    [InlineData("tls_server_config:\n  cert_fil: a", "web.yaml:2:3: tls_server_config.cert_fil is no key of this file. Did you mean tls_server_config.cert_file?")]
    [InlineData("http_server_config: { headers: { X-Powered-By: us } }", "http_server_config.headers.X-Powered-By is no key of this file.")]
    [InlineData("http_server_config: { headers: { X-Frame-Options: never } }", "\"never\" is not usable; it must be deny, sameorigin")]
    [InlineData("http_server_config: { headers: { Content-Security-Policy: \"a\\nb\" } }", "a header is one line of plain ASCII")]
    [InlineData("http_server_config: { http2: maybe }", "web.yaml:1:30: http_server_config.http2: \"maybe\" is not usable; it must be true or false.")]
    [InlineData("tls_server_config: { key_file: k }", "tls_server_config.cert_file: is missing: TLS needs a certificate.")]
    [InlineData("tls_server_config: { cert_file: c }", "tls_server_config.key_file: is missing: TLS needs its key.")]
    [InlineData("tls_server_config: { cert_file: c, cert: x, key_file: k }", "web.yaml:1:36: tls_server_config.cert: stands beside cert_file; keep one of the two.")]
    [InlineData("tls_server_config: { cert_file: c, key_file: k, client_ca_file: a }", "tls_server_config.client_auth_type: must be set where tls_server_config.client_ca_file is")]
    [InlineData("tls_server_config: { cert_file: c, key_file: k, client_auth_type: RequestClientCert, client_allowed_sans: [a] }", "client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert")]
    [InlineData("tls_server_config: { cert_file: c, key_file: k, client_auth_type: Yes }", "\"Yes\" is not usable; it must be NoClientCert")]
    [InlineData("tls_server_config: { min_version: TLS13, max_version: TLS12 }", "TLS13 is above max_version, TLS12.")]
    [InlineData("tls_server_config: { max_version: TLS11 }", "TLS11 is not spoken here")]
    [InlineData("tls_server_config: { cipher_suites: [TLS_RSA_WITH_RC4_128_SHA] }", "\"TLS_RSA_WITH_RC4_128_SHA\" is no cipher suite that may be used")]
    [InlineData("tls_server_config: { cipher_suites: [4865] }", "\"4865\" is no cipher suite that may be used")]
    [InlineData("tls_server_config: { curve_preferences: [P-256] }", "\"P-256\" is no curve that is known")]
    [InlineData("basic_auth_users: { alice: secret }", "web.yaml:1:28: basic_auth_users: what stands for alice is no bcrypt hash: it has 6 characters instead of 60.")]
    [InlineData("basic_auth_users: { \"a:b\": $2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a }", "a user's name has at least one character, and no colon")]
    [InlineData("basic_auth_users: { a: $2b$31$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a }", "its cost must be from 04 to 16")]
    [InlineData("basic_auth_users: { a: $1$05$aabcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a }", "it must begin like $2y$10$")]
    [InlineData("basic_auth_users: [a]", "must be a mapping of names to bcrypt hashes")]
    [InlineData("rate_limit: { interval: 1s }", "rate_limit.burst: must be at least 1 where there is an interval")]
    [InlineData("rate_limit: { interval: soon, burst: 1 }", "\"soon\" is not usable; it must be a time")]
    [InlineData("a: [", "this is not YAML")]
    public void What_is_wrong_is_said_with_its_place(string text, string sentence)
    {
        var (config, errors) = Read(text);

        Assert.Null(config);
        Assert.Contains(errors, error => error.ToString().Contains(sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error()
    {
        var (config, errors) = WebConfigReader.ReadFile("/nowhere/web.yaml");

        Assert.Null(config);
        Assert.Single(errors);
    }

    private static (WebConfig? Config, System.Collections.Immutable.ImmutableArray<ConfigError> Errors) Read(string text)
    {
        var (root, faults) = YamlTree.Read("web.yaml", text);
        return WebConfigReader.Read("/etc/web/web.yaml", root, faults);
    }
}
