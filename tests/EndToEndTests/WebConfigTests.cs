using System.Globalization;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>A running agent behind an exporter-toolkit web config, asked by curl, openssl and Prometheus.</summary>
public sealed class WebConfigTests : IDisposable
{
    private const string Password = "correct horse";

    private readonly TestFolder _folder = new();
    private readonly int _port = AgentProgram.FreePort();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Curl_gets_the_page_with_certificate_and_password_and_nothing_without()
    {
        await MakeCertificatesAsync();
        await using var daemon = await StartAsync($$"""
            tls_server_config:
              cert_file: server.pem
              key_file: server.key
              client_ca_file: ca.pem
              client_auth_type: RequireAndVerifyClientCert
              client_allowed_sans: [scraper.example]
            basic_auth_users:
              prometheus: {{await HashAsync()}}
            http_server_config:
              headers: { X-Frame-Options: deny, Strict-Transport-Security: max-age=60 }
            """);
        string[] client = ["--cert", _folder.Combine("client.pem"), "--key", _folder.Combine("client.key")];

        var (status, page) = await CurlAsync("/metrics", [.. client, "-u", $"prometheus:{Password}", "-i"]);
        Assert.Equal("200 2", status);
        Assert.Contains("aiinfra_agent_build_info", page, StringComparison.Ordinal);
        Assert.Contains("x-frame-options: deny", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("strict-transport-security: max-age=60", page, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("200 1.1", (await CurlAsync("/metrics", [.. client, "-u", $"prometheus:{Password}", "--http1.1"])).Status);
        Assert.Equal("401 2", (await CurlAsync("/metrics", client)).Status);
        Assert.Equal("401 2", (await CurlAsync("/metrics", [.. client, "-u", "prometheus:wrong"])).Status);
        Assert.Equal("401 2", (await CurlAsync("/metrics", [.. client, "-u", $"somebody:{Password}"])).Status);
        Assert.Equal("401 2", (await CurlAsync("/healthz", [.. client, "-u", "prometheus:wrong"])).Status);

        // A probe without a password is told one word.
        Assert.Equal(("200 2", "ok"), await CurlAsync("/healthz", client));
        Assert.Contains((await CurlAsync("/readyz", client)).Output, (string[])["ready", "not ready"]);
        Assert.Contains("metrics ok", (await CurlAsync("/readyz", [.. client, "-u", $"prometheus:{Password}"])).Output, StringComparison.Ordinal);

        // No certificate, one of another authority, one of the right authority with another name, one that is not for clients.
        Assert.StartsWith("000", (await CurlAsync("/healthz", [])).Status, StringComparison.Ordinal);
        foreach (var other in (string[])["stranger", "other", "server"])
            Assert.StartsWith("000", (await CurlAsync("/healthz", ["--cert", _folder.Combine($"{other}.pem"), "--key", _folder.Combine($"{other}.key")])).Status, StringComparison.Ordinal);
        Assert.StartsWith("000", (await CurlAsync("/healthz", client, scheme: "http")).Status, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", daemon.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Openssl_gets_the_versions_and_cipher_suites_that_are_set_and_no_others()
    {
        await MakeCertificatesAsync();
        await using var daemon = await StartAsync("""
            tls_server_config:
              cert_file: server.pem
              key_file: server.key
              min_version: TLS12
              max_version: TLS12
              cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
            """);

        Assert.Contains("Cipher is ECDHE-ECDSA-AES256-GCM-SHA384", await OpensslAsync(), StringComparison.Ordinal);
        Assert.Contains("Cipher is (NONE)", await OpensslAsync("-tls1_3"), StringComparison.Ordinal);
        Assert.Contains("Cipher is (NONE)", await OpensslAsync("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), StringComparison.Ordinal);
        Assert.Equal("200 2", (await CurlAsync("/metrics", [])).Status);
        Assert.Contains("https://", daemon.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renewed_files_count_at_once_and_broken_ones_never()
    {
        await MakeCertificatesAsync();
        await using var daemon = await StartAsync("tls_server_config: { cert_file: server.pem, key_file: server.key }");
        var first = await OpensslAsync();

        await RunAsync("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=renewed", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", _folder.Combine("new.key"), "-out", _folder.Combine("new.pem"));
        File.Move(_folder.Combine("new.key"), _folder.Combine("server.key"), overwrite: true);
        File.Move(_folder.Combine("new.pem"), _folder.Combine("server.pem"), overwrite: true);
        await Eventually.AsyncTrue(async () => (await OpensslAsync()).Contains("CN = renewed", StringComparison.Ordinal), () => daemon.Transcript);
        Assert.DoesNotContain("CN = renewed", first, StringComparison.Ordinal);

        _folder.Write("server.pem", "no certificate");
        await Eventually.AsyncTrue(async () => (await CurlAsync("/metrics", ["-k"])).Output.Contains("aiinfra_agent_part_ready{part=\"metrics web config\"} 0", StringComparison.Ordinal), () => daemon.Transcript);
        Assert.Contains("CN = renewed", await OpensslAsync(), StringComparison.Ordinal);
        Assert.Contains("server.pem", (await CurlAsync("/readyz", ["-k"])).Output + daemon.Transcript, StringComparison.Ordinal);
        Assert.Contains("the one before stays in effect", daemon.Transcript, StringComparison.Ordinal);

        _folder.Write("web.yaml", "tls_server_config: { cert_file: server.pem, key_fle: server.key }");
        await Eventually.AsyncTrue(async () => (await CurlAsync("/readyz", ["-k"])).Output.Contains($"{_folder.Combine("web.yaml")}:1:45: tls_server_config.key_fle", StringComparison.Ordinal), () => daemon.Transcript);
    }

    [Fact]
    public async Task Prometheus_scrapes_over_TLS_with_a_client_certificate_and_a_password()
    {
        await MakeCertificatesAsync();
        await using var daemon = await StartAsync($$"""
            tls_server_config: { cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert }
            basic_auth_users: { prometheus: "{{await HashAsync()}}" }
            """);
        var (port, config) = (AgentProgram.FreePort(), _folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: agent
                scheme: https
                tls_config: { ca_file: ca.pem, cert_file: client.pem, key_file: client.key }
                basic_auth: { username: prometheus, password: {{Password}} }
                static_configs: [ { targets: ["127.0.0.1:{{_port}}"] } ]
              - job_name: nobody
                scheme: https
                tls_config: { ca_file: ca.pem }
                static_configs: [ { targets: ["127.0.0.1:{{_port}}"] } ]
            """));
        await using var prometheus = PeerProcess.Start("prometheus", [
            $"--config.file={config}", $"--storage.tsdb.path={_folder.Combine("data")}", $"--web.listen-address=127.0.0.1:{port}"]);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        await Eventually.AsyncTrue(async () => await AskAsync(http, "sum_over_time(up{job=\"agent\"}[1m])") >= 5, () => prometheus.Transcript + daemon.Transcript);

        Assert.Equal(1, await AskAsync(http, "min_over_time(up{job=\"agent\"}[1m])"));
        Assert.Equal(0, await AskAsync(http, "max_over_time(up{job=\"nobody\"}[1m])"));
    }

    [Theory]
    [InlineData("tls_server_config: { cert_file: missing.pem, key_file: server.key }", "missing.pem): it cannot be used: Could not find file")]
    [InlineData("tls_server_config: { cert_file: server.pem, key_file: client.key }", "the certificate and its key cannot be used together")]
    [InlineData("basic_auth_user: { a: b }", "web.yaml:1:1: basic_auth_user is no key of this file. Did you mean basic_auth_users?")]
    public async Task With_a_web_config_that_cannot_be_used_nothing_is_served(string web, string sentence)
    {
        await MakeCertificatesAsync();
        _folder.Write("web.yaml", web);
        await using var daemon = PeerProcess.Start(AgentProgram.Path, ["run", "--config", _folder.WriteConfig(_port)], Environment);

        Assert.Equal(78, await daemon.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains(sentence, daemon.Transcript, StringComparison.Ordinal);
    }

    private Dictionary<string, string> Environment => new() { ["AIINFRA_METRICS__WEBCONFIG"] = _folder.Combine("web.yaml") };

    private async Task<PeerProcess> StartAsync(string web)
    {
        _folder.Write("web.yaml", web);
        var daemon = PeerProcess.Start(AgentProgram.Path, ["run", "--config", _folder.WriteConfig(_port)], Environment);
        await Eventually.AsyncTrue(() => Task.FromResult(daemon.Transcript.Contains("Serving metrics", StringComparison.Ordinal)), () => daemon.Transcript);
        return daemon;
    }

    /// <summary>An authority, a server's certificate, a client's, and three that are refused.</summary>
    private async Task MakeCertificatesAsync()
    {
        async Task AuthorityAsync(string name) => await RunAsync("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", $"/CN={name}", "-keyout", _folder.Combine($"{name}.key"), "-out", _folder.Combine($"{name}.pem"));
        async Task LeafAsync(string name, string authority, string names, string use)
        {
            await RunAsync("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", $"/CN={name}", "-keyout", _folder.Combine($"{name}.key"), "-out", _folder.Combine($"{name}.csr"));
            await RunAsync("openssl", "x509", "-req", "-days", "2", "-in", _folder.Combine($"{name}.csr"), "-CA", _folder.Combine($"{authority}.pem"), "-CAkey", _folder.Combine($"{authority}.key"), "-CAcreateserial",
                "-extfile", _folder.Write($"{name}.ext", $"subjectAltName={names}\nextendedKeyUsage={use}\n"), "-out", _folder.Combine($"{name}.pem"));
        }

        await AuthorityAsync("ca");
        await AuthorityAsync("foreign");
        await LeafAsync("server", "ca", "IP:127.0.0.1,DNS:scraper.example", "serverAuth");
        await LeafAsync("client", "ca", "DNS:scraper.example,URI:spiffe://example/prometheus", "clientAuth");
        await LeafAsync("stranger", "foreign", "DNS:scraper.example", "clientAuth");
        await LeafAsync("other", "ca", "DNS:other.example", "clientAuth");
    }

    /// <summary>As an operator makes it: with htpasswd.</summary>
    private static async Task<string> HashAsync() =>
        (await RunAsync("htpasswd", "-nbBC", "6", "prometheus", Password)).Split('\n').First(line => line.Contains("$2y$", StringComparison.Ordinal)).Split(':', 2)[1].Trim();

    /// <returns>Status and HTTP version, then the body; status 000 when there was no answer.</returns>
    private async Task<(string Status, string Output)> CurlAsync(string path, string[] arguments, string scheme = "https")
    {
        await using var curl = PeerProcess.Start("curl", [
            "-s", "--max-time", "10", "--cacert", _folder.Combine("ca.pem"), "-w", "\n%{http_code} %{http_version}", .. arguments, $"{scheme}://127.0.0.1:{_port}{path}"]);
        await curl.WaitForExitAsync(TestContext.Current.CancellationToken);
        var lines = curl.Transcript.TrimEnd().Split('\n');
        return (lines[^1].Trim(), string.Join('\n', lines[..^1]).Trim());
    }

    private async Task<string> OpensslAsync(params string[] arguments)
    {
        await using var openssl = PeerProcess.Start("openssl", ["s_client", "-connect", $"127.0.0.1:{_port}", .. arguments]);
        openssl.CloseInput();
        await openssl.WaitForExitAsync(TestContext.Current.CancellationToken);
        return openssl.Transcript;
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var library = Path.Combine(RepositoryRoot.Combine("out", "tools", "debian"), "usr", "lib", "x86_64-linux-gnu");
        await using var run = PeerProcess.Start(program, arguments, program == "htpasswd" ? new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = library } : null);
        Assert.True(await run.WaitForExitAsync(TestContext.Current.CancellationToken) == 0, run.Transcript);
        return run.Transcript;
    }

    private static async Task<double> AskAsync(HttpClient http, string query)
    {
        try
        {
            using var json = JsonDocument.Parse(await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}", TestContext.Current.CancellationToken));
            var result = json.RootElement.GetProperty("data").GetProperty("result");
            return result.GetArrayLength() == 0 ? double.NaN : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException)
        {
            return double.NaN; // not up yet
        }
    }
}
