using System.Net;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The daemon on a host without devices, kubelet or root: each missing thing narrows it, none stops it.</summary>
public sealed class DaemonTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly int _port = AgentProgram.FreePort();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Without_driver_and_kubelet_it_runs_says_what_is_missing_and_answers()
    {
        await using var daemon = await StartAsync();

        Assert.Equal("ok\n", await _http.GetStringAsync($"http://127.0.0.1:{_port}/healthz", TestContext.Current.CancellationToken));
        Assert.Contains("aiinfra_agent_build_info", await _http.GetStringAsync($"http://127.0.0.1:{_port}/metrics", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var (status, json) = await AgentProgram.RunAsync("status", "-o", "json", "--config", _folder.Combine("agent.yaml"));
        Assert.Equal(0, status);
        Assert.Equal("test-node", JsonDocument.Parse(json).RootElement.GetProperty("node").GetString());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(15)]
    public async Task A_signal_ends_it_cleanly_and_leaves_no_socket_behind(int signal)
    {
        await using var daemon = await StartAsync();

        await AgentProgram.SignalAsync(daemon.Id, signal);

        Assert.Equal(0, await daemon.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.False(File.Exists(_folder.Combine("run/agent.sock")), daemon.Transcript);
    }

    [Fact]
    public async Task A_hangup_ends_it_in_order_to_be_started_anew_but_only_with_a_configuration_that_is_good()
    {
        await using var daemon = await StartAsync();
        var good = await File.ReadAllTextAsync(_folder.Combine("agent.yaml"), TestContext.Current.CancellationToken);

        _folder.Write("agent.yaml", good + "nod: { name: x }\n");
        await AgentProgram.SignalAsync(daemon.Id, 1);
        await WaitForStandardErrorAsync(daemon, "nod is not a setting");
        Assert.Equal(0, (await AgentProgram.RunAsync("status", "--config", _folder.Write("other.yaml", good))).Status);

        _folder.Write("agent.yaml", good);
        await AgentProgram.SignalAsync(daemon.Id, 1);
        Assert.Equal(0, await daemon.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.False(File.Exists(_folder.Combine("run/agent.sock")), daemon.Transcript);
    }

    [Fact]
    public async Task A_second_start_on_the_same_folders_is_refused_with_a_sentence_and_status_75()
    {
        await using var first = await StartAsync();

        var (status, output) = await AgentProgram.RunAsync("run", "--config", _folder.Combine("agent.yaml"));

        Assert.Equal(75, status);
        Assert.Contains($"Another aiinfra-agent runs on {_folder.Path}/run already (process {first.Id})", output, StringComparison.Ordinal);
        Assert.Equal(0, (await AgentProgram.RunAsync("status", "--config", _folder.Combine("agent.yaml"))).Status);
    }

    [Fact]
    public async Task After_a_kill_it_starts_again_over_what_was_left()
    {
        await using (var killed = await StartAsync())
            killed.Kill();

        await using var again = await StartAsync();

        Assert.Equal(0, (await AgentProgram.RunAsync("status", "--config", _folder.Combine("agent.yaml"))).Status);
    }

    [Fact]
    public async Task A_metrics_port_that_is_taken_is_named_and_the_rest_works_on()
    {
        using var holder = new HttpListener { Prefixes = { $"http://127.0.0.1:{_port}/" } };
        holder.Start();
        await using var daemon = AgentProgram.Start("run", "--config", _folder.WriteConfig(_port));

        var line = await WaitForStandardErrorAsync(daemon, "cannot be bound for metrics");

        Assert.Contains($"127.0.0.1:{_port}", line, StringComparison.Ordinal);
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(_folder.Combine("run/agent.sock"))), () => daemon.Transcript);
        var (status, output) = await AgentProgram.RunAsync("status", "--config", _folder.Combine("agent.yaml"));
        Assert.Equal(0, status);
        Assert.Contains("metrics: 127.0.0.1", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_folder_that_cannot_be_written_is_named_and_the_rest_works_on()
    {
        _folder.Write("state", "a file stands where the folder should be");
        await using var daemon = await StartAsync();

        await WaitForStandardErrorAsync(daemon, $"{_folder.Path}/state");
        Assert.Equal(0, (await AgentProgram.RunAsync("status", "--config", _folder.Combine("agent.yaml"))).Status);
    }

    [Fact]
    public async Task A_run_folder_that_cannot_be_made_is_refused_with_status_73()
    {
        _folder.Write("run", "a file stands where the folder should be");

        var (status, output) = await AgentProgram.RunAsync("run", "--config", _folder.WriteConfig(_port));

        Assert.Equal(73, status);
        Assert.Contains($"{_folder.Path}/run", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_that_was_asked_for_and_is_not_there_is_named_in_readyz()
    {
        await using var daemon = AgentProgram.Start("run", "--config", _folder.WriteConfig(_port, "vendors: { nvidia: { enabled: true, library: /nowhere/libnvidia-ml.so.1 } }"));
        await WaitForStandardErrorAsync(daemon, "Serving metrics");

        var readiness = "";
        await Eventually.AsyncTrue(async () =>
        {
            using var answer = await _http.GetAsync($"http://127.0.0.1:{_port}/readyz", TestContext.Current.CancellationToken);
            readiness = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable && readiness.Contains("[-] vendor nvidia: ", StringComparison.Ordinal);
        }, () => readiness + daemon.Transcript);
        Assert.Contains("/nowhere/libnvidia-ml.so.1", readiness, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_user_is_told_what_to_set_and_can_simulate()
    {
        Assert.SkipUnless(Environment.UserName == "root", "needs root, to become a plain user");
        using var copy = new TestFolder();
        File.SetUnixFileMode(copy.Path, (UnixFileMode)0b111_101_101);
        await using (var cp = PeerProcess.Start("cp", ["-a", RepositoryRoot.Combine("out", "bin"), AgentProgram.Simulators, copy.Path]))
            Assert.Equal(0, await cp.WaitForExitAsync(TestContext.Current.CancellationToken));
        string[] become = ["--reuid=65534", "--regid=65534", "--clear-groups", "--reset-env", copy.Combine("bin/aiinfra-agent")];

        await using var run = PeerProcess.Start("setpriv", [.. become, "run"]);
        Assert.Equal(73, await run.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.Contains("No permission to use the run folder /run/aiinfra", run.Transcript, StringComparison.Ordinal);

        await using var simulate = PeerProcess.Start("setpriv", [.. become, "simulate", "--node", "l4", "--metrics", $"127.0.0.1:{_port}"]);
        await WaitForStandardErrorAsync(simulate, "nvidia: 4 devices");
        await AgentProgram.SignalAsync(simulate.Id, 2);
        Assert.Equal(0, await simulate.WaitForExitAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_control_socket_is_for_its_owner_alone()
    {
        await using var daemon = await StartAsync();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.Combine("run/agent.sock")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Combine("run")));
    }

    private async Task<PeerProcess> StartAsync()
    {
        var daemon = AgentProgram.Start("run", "--config", _folder.WriteConfig(_port));
        await WaitForStandardErrorAsync(daemon, "Serving metrics");
        await Eventually.AsyncTrue(() => Task.FromResult(File.Exists(_folder.Combine("run/agent.sock"))), () => daemon.Transcript);
        return daemon;
    }

    private static async Task<string> WaitForStandardErrorAsync(PeerProcess daemon, string text)
    {
        await Eventually.AsyncTrue(() => Task.FromResult(daemon.Transcript.Contains(text, StringComparison.Ordinal)), () => daemon.Transcript);
        return daemon.Transcript.Split('\n').First(line => line.Contains(text, StringComparison.Ordinal));
    }
}
