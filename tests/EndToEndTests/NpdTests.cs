using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The daemon with a folder of node-problem-detector's files: a good one of each kind, and a bad one.</summary>
public sealed class NpdTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly int _port = AgentProgram.FreePort();
    private readonly string _config;

    public NpdTests()
    {
        Directory.CreateDirectory(_folder.Combine("npd/plugin"));
        Directory.CreateDirectory(_folder.Combine("npd/config"));
        _folder.Write("npd/config/kernel.json", """
            { "plugin": "kmsg", "source": "kernel-monitor", "lookback": "5m", "bufferSize": 10,
              "conditions": [ { "type": "KernelDeadlock", "reason": "NoDeadlock", "message": "fine" } ],
              "rules": [ { "type": "temporary", "reason": "OOMKilling", "pattern": "Killed process \\d+ (.+) total-vm.*" },
                         { "type": "permanent", "condition": "KernelDeadlock", "reason": "DockerHung", "pattern": "task docker:\\w+ blocked for more than \\w+ seconds\\." } ] }
            """);
        var script = _folder.Write("npd/plugin/check.sh", "#!/bin/sh\necho no clock\nexit 1\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        _folder.Write("npd/config/clock.json", """
            { "plugin": "custom", "source": "clock-monitor", "pluginConfig": { "invoke_interval": "10s" },
              "conditions": [ { "type": "ClockProblem", "reason": "ClockIsRight", "message": "fine" } ],
              "rules": [ { "type": "permanent", "condition": "ClockProblem", "reason": "ClockIsWrong", "path": "./plugin/check.sh" } ] }
            """);
        _folder.Write("npd/config/stats.json", """{ "cpu": { "metricsConfigs": { "cpu/load_1m": { "displayName": "cpu/load_1m" } } } }""");
        _config = _folder.WriteConfig(_port);
        File.WriteAllText(_config, File.ReadAllText(_config).Replace("health: {", $"health: {{ npdConfig: [{_folder.Combine("npd/config")}],", StringComparison.Ordinal));
        Directory.CreateDirectory(_folder.Combine("host/proc"));
        _folder.Write("host/proc/loadavg", "1.50 2.25 3.00 2/345 6789\n");
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    private async Task<PeerProcess> StartAsync()
    {
        var daemon = AgentProgram.Start("run", "--config", _config);
        await Eventually.AsyncTrue(() => Task.FromResult(daemon.Transcript.Contains("Serving metrics", StringComparison.Ordinal) && File.Exists(_folder.Combine("run/agent.sock"))), () => daemon.Transcript);
        return daemon;
    }

    private Task<string> GetAsync(string page) => _http.GetStringAsync($"http://127.0.0.1:{_port}/{page}", TestContext.Current.CancellationToken);

    [Fact]
    public async Task Lines_plugins_and_statistics_come_out_under_their_names()
    {
        await using var daemon = await StartAsync();
        await File.AppendAllTextAsync(_folder.Combine("host/dev/kmsg"),
            "4,1,1,-;Killed process 1 (train) total-vm:5kB\n4,2,2,-;task docker:123 blocked for more than 120 seconds.\n SUBSYSTEM=x\n4,3,3,-;an ordinary line\n", TestContext.Current.CancellationToken);

        await Eventually.AsyncTrue(async () =>
        {
            var page = await GetAsync("metrics");
            return page.Contains("problem_counter{reason=\"OOMKilling\"} 1\n", StringComparison.Ordinal)
                && page.Contains("problem_gauge{type=\"KernelDeadlock\",reason=\"DockerHung\"} 1\n", StringComparison.Ordinal)
                && page.Contains("problem_gauge{type=\"ClockProblem\",reason=\"ClockIsWrong\"} 1\n", StringComparison.Ordinal)
                && page.Contains("cpu_load_1m 1.5\n", StringComparison.Ordinal);
        }, () => daemon.Transcript);
        var (_, problems) = await AgentProgram.RunAsync("problems", "-o", "json", "--config", _config);
        Assert.Equal(["npd.ClockProblem.ClockIsWrong", "npd.KernelDeadlock.DockerHung", "npd.OOMKilling"],
            JsonDocument.Parse(problems).RootElement.EnumerateArray().Select(problem => problem.GetProperty("id").GetString()).Order(StringComparer.Ordinal));

        Assert.Equal(0, (await AgentProgram.RunAsync("clear", "npd.KernelDeadlock.DockerHung", "--config", _config)).Status);
        await Eventually.AsyncTrue(async () => (await GetAsync("metrics")).Contains("problem_gauge{type=\"KernelDeadlock\",reason=\"DockerHung\"} 0\n", StringComparison.Ordinal), () => daemon.Transcript);
    }

    [Fact]
    public async Task A_bad_file_is_told_everywhere_and_stops_nothing()
    {
        _folder.Write("npd/config/bad.json", """
            { "plugin": "kmsg",
              "rules": [ { "type": "temporary", "reason": "X", "pattern": "(?<=x)y" } ] }
            """);
        var expected = $"{_folder.Combine("npd/config/bad.json")}:2:63: rules[0].pattern is no regular expression that RE2 takes: at character 1";

        var (status, output) = await AgentProgram.RunAsync("check-config", _config);
        await using var daemon = await StartAsync();

        Assert.Equal(78, status);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        await Eventually.AsyncTrue(async () =>
        {
            using var ready = await _http.GetAsync($"http://127.0.0.1:{_port}/readyz", TestContext.Current.CancellationToken);
            var text = await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return text.Contains("[-] npd files: One file of health.npdConfig cannot be used", StringComparison.Ordinal) && text.Contains("[+] npd plugins clock.json ok", StringComparison.Ordinal);
        }, () => daemon.Transcript);
        Assert.Contains(expected, daemon.Transcript, StringComparison.Ordinal);
        Assert.Contains("bad.json", (await AgentProgram.RunAsync("status", "--config", _config)).Output, StringComparison.Ordinal);
    }
}
