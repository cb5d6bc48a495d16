using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The chart, rendered by a real helm, held against the API's own types, its configuration read by the agent.</summary>
public sealed class ChartTests
{
    private static readonly string Chart = RepositoryRoot.Combine("deploy", "helm", "aiinfra");
    private const string All = "podMonitor.enabled=true,podMonitor.labels.release=prometheus,prometheusRule.enabled=true,dashboards.enabled=true,rbac.pods=true,"
        + "aggregator.enabled=true,aggregator.tls.secret=fleet-tls,aggregator.force=true";

    [Fact]
    public async Task It_passes_lint_and_the_types_of_the_api()
    {
        var lint = await HelmAsync("lint", "--strict", Chart);
        Assert.True(lint.Status == 0, lint.Output);
        foreach (var values in new[] { "", All })
        {
            var check = await RunAsync("node", [RepositoryRoot.Combine("tests", "peers", "manifests", "check.mjs")], await RenderAsync(values));
            Assert.True(check.Status == 0, check.Output);
            Assert.Contains("DaemonSet aiinfra-agent is good", check.Output, StringComparison.Ordinal);
            Assert.Equal(values.Length > 0, check.Output.Contains("StatefulSet aiinfra-aggregator is good", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_agents_are_told_where_the_aggregator_is_and_both_mean_the_same_token()
    {
        var values = $"{All},aggregator.config.identity.audience=fleet.example,aggregator.config.notify.alertmanagers[0]=http://alertmanager:9093";
        var agent = await CheckAsync("aiinfra-agent", await RenderAsync(values, template: "templates/agent-config.yaml"), "agent.yaml");
        var aggregator = await CheckAsync("aiinfra-aggregator", await RenderAsync(values, template: "templates/aggregator-config.yaml"), "aggregator.yaml");

        Assert.Contains("aggregator: aiinfra-aggregator.aiinfra-system.svc:9443", agent, StringComparison.Ordinal);
        Assert.Contains("audience: fleet.example", aggregator, StringComparison.Ordinal);
        Assert.Contains("- aiinfra-system/aiinfra-agent", aggregator, StringComparison.Ordinal);
        Assert.Contains("Data Source=/var/lib/aiinfra-aggregator/aggregator.db", aggregator, StringComparison.Ordinal);
        var daemonSet = await RenderAsync(values, template: "templates/agent-daemonset.yaml");
        Assert.Contains("serviceAccountToken: { audience: fleet.example, expirationSeconds: 3600, path: token }", daemonSet, StringComparison.Ordinal);
        Assert.Contains("secret: { name: fleet-tls, items: [{ key: ca.crt, path: ca.crt }] }", daemonSet, StringComparison.Ordinal);
        Assert.DoesNotContain("checksum/config", await RenderAsync($"{values},agent.reload=file", template: "templates/agent-daemonset.yaml"), StringComparison.Ordinal);
        Assert.Contains("onChange: true", await RenderAsync($"{values},agent.reload=file", template: "templates/agent-config.yaml"), StringComparison.Ordinal);
        Assert.DoesNotContain("fleet", await RenderAsync("aggregator.enabled=false", template: "templates/agent-daemonset.yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_PostgreSQL_the_connection_is_a_secrets_and_without_a_certificate_one_is_made_for_the_services_name()
    {
        var values = "aggregator.enabled=true,aggregator.store.secret=fleet-db,admissionPolicy.enabled=false";

        Assert.DoesNotContain("Data Source", await RenderAsync(values), StringComparison.Ordinal);
        Assert.Contains("secretKeyRef: { name: fleet-db, key: connection }", await RenderAsync(values, template: "templates/aggregator.yaml"), StringComparison.Ordinal);
        Assert.DoesNotContain("ValidatingAdmissionPolicy", await RenderAsync(values, template: "templates/aggregator-rights.yaml"), StringComparison.Ordinal);
        var secret = await RenderAsync(values, template: "templates/aggregator-config.yaml");
        using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(Value("tls.crt"))), Encoding.ASCII.GetString(Convert.FromBase64String(Value("tls.key"))));
        using var authority = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(Value("ca.crt"))));
        Assert.True(certificate.MatchesHostname("aiinfra-aggregator.aiinfra-system.svc"));
        using var chain = new X509Chain { ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { authority } } };
        Assert.True(chain.Build(certificate));

        string Value(string name) => secret.Split('\n').Single(line => line.StartsWith($"  {name}: ", StringComparison.Ordinal)).Split(": ")[1].Trim();
    }

    [Fact]
    public async Task What_it_gives_the_agent_to_read_is_good()
    {
        var rendered = await RenderAsync("agent.config.metrics.profile[0]=dcgm,agent.config.metrics.profile[1]=neutral,agent.config.remediation.mode=off", template: "templates/agent-config.yaml");

        Assert.Contains("root: /proc/1/root", await CheckAsync("aiinfra-agent", rendered, "agent.yaml"), StringComparison.Ordinal);
    }

    /// <summary>Has a program check the configuration that a ConfigMap holds.</summary>
    /// <returns>The configuration.</returns>
    private static async Task<string> CheckAsync(string program, string rendered, string name)
    {
        var config = string.Join('\n', rendered.Split('\n').SkipWhile(line => line != $"  {name}: |").Skip(1).TakeWhile(line => line != "---").Select(line => line.Length > 4 ? line[4..] : ""));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, config, TestContext.Current.CancellationToken);
        var check = await RunAsync(RepositoryRoot.Combine("out", "bin", program), ["check-config", file]);
        Assert.True(check.Status == 0, check.Output + config);
        File.Delete(file);
        return config;
    }

    [Theory]
    [InlineData("agent.config.host.root=/", "/agent/config")]
    [InlineData("agent.configs=1", "configs")]
    [InlineData("agent.kubeletRoot=var", "/agent/kubeletRoot")]
    [InlineData("agent.maxUnavailable=0", "/agent/maxUnavailable")]
    [InlineData("aggregator.config.state.path=/x", "/aggregator/config")]
    [InlineData("aggregator.config.listen.address=0.0.0.0:1", "/aggregator/config")]
    [InlineData("aggregator.replicas=2", "replicas")]
    [InlineData("aggregator.store.secret=No Name", "/aggregator/store/secret")]
    [InlineData("aggregator.volume.size=much", "/aggregator/volume/size")]
    [InlineData("aggregator.networkPolicy.metricsFrom=null,aggregator.enabled=true", "aggregator.networkPolicy.metricsFrom")]
    public async Task A_wrong_value_is_refused_by_its_name(string value, string named)
    {
        var (status, output) = await HelmAsync("template", "aiinfra", Chart, "--set", value);
        Assert.NotEqual(0, status);
        Assert.Contains(named, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_packed_chart_is_the_same()
    {
        Assert.SkipUnless(Directory.Exists(RepositoryRoot.Combine("out", "package")), "There are no packages: run make package.");
        var packed = Directory.GetFiles(RepositoryRoot.Combine("out", "package"), "aiinfra-*.tgz").Single();
        Assert.Equal(await RenderAsync(All), await RenderAsync(All, chart: packed));
    }

    private static async Task<string> RenderAsync(string values, string? template = null, string? chart = null)
    {
        var (status, output) = await HelmAsync(["template", "aiinfra", chart ?? Chart, "--namespace", "aiinfra-system", "--set", values, .. template is null ? [] : new[] { "--show-only", template }]);
        Assert.True(status == 0, output);
        return output;
    }

    private static async Task<(int Status, string Output)> HelmAsync(params string[] words)
    {
        var helm = await RunAsync(RepositoryRoot.Combine("build", "kube-tools.sh"), ["helm"]);
        Assert.True(helm.Status == 0, helm.Output);
        return await RunAsync(helm.Output.Trim(), words);
    }

    /// <returns>Its exit status; what it printed, and where it failed also its errors.</returns>
    private static async Task<(int Status, string Output)> RunAsync(string program, IEnumerable<string> words, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, process.ExitCode == 0 ? await output : await output + await errors);
    }
}
