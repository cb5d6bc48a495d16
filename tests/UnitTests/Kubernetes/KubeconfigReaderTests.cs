using System.Text;
using AIInfra.Kubernetes.Api;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class KubeconfigReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("aik-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ApiCredentials Read(string text)
    {
        var path = Path.Combine(_folder, "config");
        File.WriteAllText(path, text);
        return KubeconfigReader.ReadFile(path, TimeProvider.System);
    }

    private static string Config(string user = "token: abc", string cluster = "server: https://10.0.0.1:6443", string current = "c") => $$"""
        apiVersion: v1
        kind: Config
        current-context: {{current}}
        preferences: {}
        contexts:
        - name: other
          context: { cluster: nowhere, user: nobody }
        - name: c
          context: { cluster: k, user: u }
        clusters:
        - name: k
          cluster: { {{cluster}} }
        users:
        - name: u
          user: { {{user}} }
        """;

    [Fact]
    public void The_current_context_names_server_authority_and_credentials()
    {
        var pem = Convert.ToBase64String(Encoding.UTF8.GetBytes("PEM\n"));

        var found = Read(Config($"client-certificate-data: {pem}, client-key: sub/key.pem", $"server: 'https://10.0.0.1:6443', certificate-authority-data: {pem}, tls-server-name: kubernetes"));

        Assert.Equal(("https://10.0.0.1:6443/", "kubernetes", null), (found.Server.ToString(), found.TlsServerName, found.Token));
        Assert.Equal(("PEM\n", "PEM\n"), (found.Authority!.Read(), found.ClientCertificate!.Read()));
        Assert.Equal(Path.Combine(_folder, "sub/key.pem"), found.ClientKey!.Place); // relative to the kubeconfig, as kubectl has it
    }

    [Fact]
    public void JSON_is_YAML() =>
        Assert.Equal("t", Read("""{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"clusters":[{"name":"k","cluster":{"server":"https://h"}}],"users":[{"name":"u","user":{"token":"t"}}]}""").Token!.Read());

    [Fact]
    public void A_token_file_wins_over_a_token_that_is_written_out()
    {
        File.WriteAllText(Path.Combine(_folder, "t"), "from-file\n");

        Assert.Equal("from-file", Read(Config("token: abc, tokenFile: t")).Token!.Read());
    }

    [Theory]
    [InlineData("token: abc", "server: 'https://10.0.0.1', insecure-skip-tls-verify: true", "c", "insecure-skip-tls-verify is true")]
    [InlineData("token: abc", "server: 'https://10.0.0.1', proxy-url: 'http://p'", "c", "proxy-url is not supported")]
    [InlineData("token: abc", "server: 'http://10.0.0.1'", "c", "without TLS")]
    [InlineData("", "server: 'http://10.0.0.1'", "c", "without TLS")]
    [InlineData("token: abc", "server: 'http://127.0.0.1'", "c", "without credentials")]
    [InlineData("token: abc", "server: 'ftp://10.0.0.1'", "c", "must be an address")]
    [InlineData("token: abc", "", "c", "it is missing")]
    [InlineData("exec: { command: x }", "server: 'https://h'", "c", "user: exec is not supported")]
    [InlineData("auth-provider: { name: x }", "server: 'https://h'", "c", "user: auth-provider is not supported")]
    [InlineData("username: x, password: y", "server: 'https://h'", "c", "user: username is not supported")]
    [InlineData("as: x", "server: 'https://h'", "c", "user: as is not supported")]
    [InlineData("client-key-data: eA==", "server: 'https://h'", "c", "client-certificate (or the same with -data) is missing")]
    [InlineData("client-key-data: '?', client-certificate-data: eA==", "server: 'https://h'", "c", "client-key-data is not base64")]
    [InlineData("token: abc", "server: 'https://h'", "gone", "contexts has no entry \"gone\"; it has: other, c")]
    [InlineData("token: abc", "server: 'https://h'", "other", "clusters has no entry \"nowhere\"; it has: k")]
    [InlineData("token: abc", "server: 'https://h'", "''", "it has no current-context")]
    [InlineData("token: *x", "server: 'https://h'", "c", "aliases")]
    public void What_cannot_be_used_is_refused_by_name(string user, string cluster, string current, string said)
    {
        var refusal = Assert.Throws<ApiException>(() => Read(Config(user, cluster, current)));

        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(_folder, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("abc", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- a list")]
    [InlineData("text")]
    [InlineData("a: [")]
    [InlineData("\ta: b")]
    [InlineData("? { a: b }\n: c")]
    [InlineData("%YAML 9.9\n--- !<!> {")]
    public void Whatever_else_the_file_holds_is_one_kind_of_fault(string text) => Assert.Throws<ApiException>(() => Read(text));

    [Fact]
    public void Nesting_without_end_is_refused() => Assert.Throws<ApiException>(() => Read("a: " + new string('[', 10_000)));

    [Fact]
    public void Outside_of_a_pod_there_are_no_credentials() => Assert.Null(ApiCredentials.InCluster(_ => null, TimeProvider.System, _folder));

    [Fact]
    public void In_a_pod_they_are_what_the_kubelet_gave()
    {
        var account = Directory.CreateDirectory(Path.Combine(_folder, "var/run/secrets/kubernetes.io/serviceaccount")).FullName;
        File.WriteAllText(Path.Combine(account, "token"), "t\n");

        var found = ApiCredentials.InCluster(name => name == "KUBERNETES_SERVICE_HOST" ? "fd00::1" : "6443", TimeProvider.System, _folder);

        Assert.Equal(("https://[fd00::1]:6443/", "t", Path.Combine(account, "ca.crt")), (found!.Server.ToString(), found.Token!.Read(), found.Authority!.Place));
    }
}
