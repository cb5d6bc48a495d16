using System.Diagnostics;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The chart, rendered by a real helm, held against the API's own types, its configuration read by the agent.</summary>
public sealed class ChartTests
{
    private static readonly string Chart = RepositoryRoot.Combine("deploy", "helm", "aiinfra");
    private const string All = "podMonitor.enabled=true,podMonitor.labels.release=prometheus,prometheusRule.enabled=true,dashboards.enabled=true,rbac.pods=true";

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
        }
    }

    [Fact]
    public async Task What_it_gives_the_agent_to_read_is_good()
    {
        var rendered = await RenderAsync("agent.config.metrics.profile[0]=dcgm,agent.config.metrics.profile[1]=neutral,agent.config.remediation.mode=off", template: "templates/agent-config.yaml");
        var config = string.Join('\n', rendered.Split('\n').SkipWhile(line => line != "  agent.yaml: |").Skip(1).Select(line => line.Length > 4 ? line[4..] : ""));
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, config, TestContext.Current.CancellationToken);

        var check = await RunAsync(RepositoryRoot.Combine("out", "bin", "aiinfra-agent"), ["check-config", file]);

        Assert.True(check.Status == 0, check.Output);
        Assert.Contains("root: /proc/1/root", config, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Theory]
    [InlineData("agent.config.host.root=/", "/agent/config")]
    [InlineData("agent.configs=1", "configs")]
    [InlineData("agent.kubeletRoot=var", "/agent/kubeletRoot")]
    [InlineData("agent.maxUnavailable=0", "/agent/maxUnavailable")]
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
