using System.Net;
using System.Net.Sockets;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Core.Health.Npd.Plugins;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Npd;

/// <summary>Plugins run for real through their protocol, and the helpers that the agent stands in for.</summary>
public sealed class PluginTests : IDisposable
{
    private readonly NpdHost _host = new();
    private readonly PluginRuns _runs;

    public PluginTests() => _runs = new PluginRuns(_host.Paths, new BootClock(_host.Paths, _host.Time), _host.Time);

    public void Dispose()
    {
        _runs.Dispose();
        _host.Dispose();
    }

    private string Script(string text)
    {
        var path = _host.Write("check.sh", $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private async Task<PluginOutcome> RunAsync(string path, string arguments = "", string config = "")
    {
        var loaded = _host.Load($$"""
            { "plugin": "custom", "pluginConfig": { {{config}} }, "rules": [ { "type": "temporary", "reason": "X", "path": "{{path}}", "args": [ {{arguments}} ] } ] }
            """);
        var (outcome, _) = await _runs.RunAsync(loaded.Plugins[0], loaded.Plugins[0].PluginRules[0], TestContext.Current.CancellationToken);
        return outcome;
    }

    [Theory]
    [InlineData("echo '  fine  '; exit 0", NpdStatus.False, "fine")]
    [InlineData("echo broken; exit 1", NpdStatus.True, "broken")]
    [InlineData("echo odd; exit 2", NpdStatus.Unknown, "odd")]
    [InlineData("echo odd; kill -9 $$", NpdStatus.Unknown, "odd")]
    [InlineData("echo $1; exit 1", NpdStatus.True, "first")]
    public async Task An_exit_code_says_what_is(string script, NpdStatus status, string message)
    {
        Assert.Equal(new PluginOutcome(status, message), await RunAsync(Script(script), "\"first\""));
    }

    [Fact]
    public async Task A_plugin_that_hangs_is_killed_and_its_words_are_told()
    {
        var outcome = await RunAsync(Script("echo begun; sleep 1000"), config: "\"timeout\": \"1s\"");

        Assert.Equal(NpdStatus.Unknown, outcome.Status);
        Assert.Contains("did not end within 1 s and was killed; it said \"begun\"", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_is_cut_between_characters()
    {
        var outcome = await RunAsync(Script("printf 'ab漢字'; exit 1"), config: "\"max_output_length\": 7");

        Assert.Equal("ab漢", outcome.Message);
    }

    [Fact]
    public async Task A_file_that_is_not_executable_cannot_tell()
    {
        var outcome = await RunAsync(_host.Write("plain.sh", "#!/bin/sh\n"));

        Assert.Equal(NpdStatus.Unknown, outcome.Status);
        Assert.Contains("ermission denied", outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_monitor_runs_all_rules_at_once_and_then_each_at_its_interval()
    {
        var script = Script("echo x >> $1; exit 1");
        var loaded = _host.Load($$"""
            { "plugin": "custom", "source": "s", "pluginConfig": { "invoke_interval": "10s" },
              "conditions": [ { "type": "Bad", "reason": "Good", "message": "good" } ],
              "rules": [ { "type": "permanent", "condition": "Bad", "reason": "Worse", "path": "{{script}}", "args": ["{{_host.Combine("a")}}"] },
                         { "type": "temporary", "reason": "Once", "path": "{{script}}", "args": ["{{_host.Combine("b")}}"], "invoke_interval": "20s" } ] }
            """);
        using var life = _host.Begin(loaded);
        using var stop = new CancellationTokenSource();
        var worker = new PluginWorker(loaded.Plugins[0], _runs, life.Board, _host.Time, new RecordedLog<PluginWorker>());
        var run = worker.RunAsync(stop.Token);

        await WaitAsync(() => Runs("a") == 1 && Runs("b") == 1 && life.Events.Count == 2);
        _host.Time.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(() => Runs("a") == 2);
        _host.Time.Advance(TimeSpan.FromSeconds(10));
        await WaitAsync(() => Runs("a") == 3 && Runs("b") == 2);

        Assert.Equal(NpdStatus.True, life.Board.Current.Value.Conditions.Single().Status);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    private int Runs(string file) => File.Exists(_host.Combine(file)) ? File.ReadAllLines(_host.Combine(file)).Length : 0;

    private static async Task WaitAsync(Func<bool> isSo)
    {
        for (var at = 0; at < 400 && !isSo(); at++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(isSo());
    }

    [Theory]
    [InlineData("200 OK", NpdStatus.False, "kube-proxy is healthy")]
    [InlineData("503 Not Now", NpdStatus.True, "gave 503")]
    [InlineData(null, NpdStatus.True, "GET http://localhost:")]
    public async Task The_health_checker_asks_the_component(string? answer, NpdStatus status, string message)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        Environment.SetEnvironmentVariable("KUBEPROXY_PORT", $"{((IPEndPoint)server.LocalEndpoint).Port}");
        var serve = answer is null ? Task.CompletedTask : AnswerAsync(server, answer);
        if (answer is null)
            server.Stop();
        try
        {
            var outcome = await RunAsync("/home/kubernetes/bin/health-checker", "\"--component=kube-proxy\", \"--enable-repair=false\"", "\"max_output_length\": 200");

            Assert.Equal(status, outcome.Status);
            Assert.Contains(message, outcome.Message, StringComparison.Ordinal);
            await serve;
        }
        finally
        {
            Environment.SetEnvironmentVariable("KUBEPROXY_PORT", null);
        }
    }

    private static async Task AnswerAsync(TcpListener server, string answer)
    {
        using var client = await server.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        await stream.ReadAtLeastAsync(new byte[4096], 10, cancellationToken: TestContext.Current.CancellationToken);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("\"--component=toaster\"", "--component is \\\"toaster\\\"; it must be kubelet")]
    [InlineData("\"--colour=red\"", "--colour=red is no flag of this helper")]
    [InlineData("\"--cri-timeout=soon\"", "--cri-timeout is")]
    public async Task A_wrong_flag_of_the_health_checker_is_told(string flag, string message)
    {
        var outcome = await RunAsync("/x/health-checker", flag, "\"max_output_length\": 300");

        Assert.Equal(NpdStatus.Unknown, outcome.Status);
        Assert.Contains(message.Replace("\\\"", "\"", StringComparison.Ordinal), outcome.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_counter_without_a_journal_cannot_tell()
    {
        var outcome = await RunAsync("/x/log-counter", "\"--journald-source=kernel\", \"--log-path=/var/log/journal\", \"--lookback=20m\", \"--pattern=x\"", "\"max_output_length\": 300");

        Assert.Equal(NpdStatus.Unknown, outcome.Status);
        Assert.Contains("There is no journal in", outcome.Message, StringComparison.Ordinal);
    }
}
