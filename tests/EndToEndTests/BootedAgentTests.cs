using System.Globalization;
using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>One booted systemd for all tests that need a real one.</summary>
[CollectionDefinition(Collection)]
public sealed class BootedSystem : IAsyncLifetime, ICollectionFixture<BootedSystem>
{
    public const string Collection = "booted systemd";

    private BootedMachine? _machine;

    public BootedMachine Machine
    {
        get
        {
            Assert.SkipWhen(_machine is null, BootedMachine.Refusal ?? "");
            return _machine!;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (BootedMachine.Refusal is null)
            _machine = await BootedMachine.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_machine is not null)
            await _machine.DisposeAsync();
    }
}

/// <summary>The agent as a service, under the unit file that is shipped.</summary>
[Collection(BootedSystem.Collection)]
public sealed class BootedAgentTests(BootedSystem system) : IAsyncLifetime
{
    private const string Unit = "aiinfra-agent";

    private BootedMachine Machine => system.Machine;

    public async ValueTask InitializeAsync()
    {
        Machine.Write($"/etc/systemd/system/{Unit}.service", await File.ReadAllTextAsync(RepositoryRoot.Combine("packaging", "systemd", $"{Unit}.service"), TestContext.Current.CancellationToken));
        DropIn("""
            [Service]
            ExecStart=
            ExecStart=/opt/aiinfra/bin/aiinfra-agent run
            Environment=DOTNET_ROOT=/usr/share/dotnet
            """);
        Machine.Write("/etc/aiinfra/agent.yaml", """
            node: { name: booted }
            health: { npdConfig: [/etc/aiinfra/npd.json], kernelLog: { path: "" } }
            metrics: { address: "127.0.0.1:9400" }
            """);
        Machine.Write("/etc/aiinfra/npd.json", """
            { "plugin": "journald", "source": "test-monitor", "logPath": "/var/log/journal", "lookback": "1h", "pluginConfig": { "source": "test-service" },
              "conditions": [ { "type": "TestFault", "reason": "TestIsWell", "message": "well" } ],
              "rules": [ { "type": "permanent", "condition": "TestFault", "reason": "TestBroke", "pattern": "broke .*" } ] }
            """);
        await Machine.RunAsync("systemctl", "daemon-reload");
        await Machine.TryRunAsync("systemctl", "reset-failed", Unit);
        await Machine.RunAsync("systemctl", "restart", Unit);
    }

    public async ValueTask DisposeAsync() => await Machine.TryRunAsync("systemctl", "stop", Unit);

    private void DropIn(string text, string name = "test") => Machine.Write($"/etc/systemd/system/{Unit}.service.d/{name}.conf", text);

    private async Task<string> ShowAsync(string property) => (await Machine.RunAsync("systemctl", "show", "--value", "-p", property, Unit)).Trim();

    private Task EventuallyAsync(Func<Task<bool>> ask) => Eventually.AsyncTrue(ask, () => Machine.JournalOfAsync(Unit).GetAwaiter().GetResult());

    private Task<(int Status, string Output)> AgentAsync(params string[] words) => Machine.TryRunAsync(["env", "DOTNET_ROOT=/usr/share/dotnet", BootedMachine.Program, .. words]);

    [Fact]
    public async Task It_is_ready_shows_how_it_is_and_answers()
    {
        Assert.Equal("active", await ShowAsync("ActiveState"));
        await EventuallyAsync(async () => await ShowAsync("StatusText") == "0 devices, 0 problems");
        var (status, output) = await AgentAsync("status");
        Assert.True(status == 0, output);
        Assert.Equal("", await ShowAsync("TriggeredBy"));
        Assert.Equal("1min", await ShowAsync("WatchdogUSec"));
        Assert.DoesNotContain(" EPERM", await Machine.JournalOfAsync(Unit), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_log_is_in_the_journal_with_fields()
    {
        await EventuallyAsync(async () => (await Machine.TryRunAsync("journalctl", "--no-pager", "-o", "json", "-u", Unit, "AIINFRA_EVENT=MetricsServer.Serving")).Output.Contains('{', StringComparison.Ordinal));

        var lines = (await Machine.RunAsync("journalctl", "--no-pager", "-o", "json", "-u", Unit, "AIINFRA_EVENT=MetricsServer.Serving")).Trim().Split('\n');
        using var record = JsonDocument.Parse(lines[^1]);
        string? Field(string name) => record.RootElement.GetProperty(name).GetString();

        Assert.Equal(("6", "aiinfra-agent", "http", "127.0.0.1:9400"), (Field("PRIORITY"), Field("SYSLOG_IDENTIFIER"), Field("AIINFRA_SCHEME"), Field("AIINFRA_ADDRESS")));
        Assert.Equal("Serving metrics on http://127.0.0.1:9400/metrics", Field("MESSAGE"));
        Assert.Equal("AIInfra.Agent.Endpoints.MetricsServer", Field("AIINFRA_LOGGER"));
    }

    [Fact]
    public async Task The_unit_file_is_sound_and_what_it_exposes_is_bounded()
    {
        var (status, output) = await Machine.TryRunAsync("systemd-analyze", "verify", $"/etc/systemd/system/{Unit}.service");
        Assert.True(status == 0, output);
        Assert.DoesNotContain("Unknown", output, StringComparison.Ordinal);

        var security = await Machine.TryRunAsync("systemd-analyze", "security", "--no-pager", Unit);
        var line = security.Output.Split('\n').Single(text => text.Contains("Overall exposure level", StringComparison.Ordinal));
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        var figure = double.Parse(line.Split(':')[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.True(figure <= 4, security.Output);
    }

    [Fact]
    public async Task It_stops_within_its_time_with_all_of_its_processes()
    {
        var started = TimeProvider.System.GetTimestamp();

        await Machine.RunAsync("systemctl", "stop", Unit);

        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
        Assert.Equal(("inactive", "success"), (await ShowAsync("ActiveState"), await ShowAsync("Result")));
        Assert.Equal((1, ""), await Machine.TryRunAsync("pgrep", "-f", "aiinfra-agent run"));
    }

    [Fact]
    public async Task Killed_it_is_started_again()
    {
        var before = await ShowAsync("MainPID");

        await Machine.RunAsync("systemctl", "kill", "--signal=KILL", Unit);

        await EventuallyAsync(async () => await ShowAsync("ActiveState") == "active" && await ShowAsync("MainPID") is var now && now != before && now != "0");
        Assert.Equal(0, (await AgentAsync("status")).Status);
    }

    [Fact]
    public async Task Reloaded_it_begins_anew_in_the_same_process_and_a_wrong_configuration_changes_nothing()
    {
        var (pid, good) = (await ShowAsync("MainPID"), await Machine.RunAsync("cat", "/etc/aiinfra/agent.yaml"));
        Machine.Write("/etc/aiinfra/agent.yaml", good + "nod: {}\n");
        await Machine.RunAsync("systemctl", "reload", Unit);
        await EventuallyAsync(async () => (await Machine.JournalOfAsync(Unit)).Contains("SIGHUP: the configuration is wrong", StringComparison.Ordinal));
        Assert.Equal((pid, "active"), (await ShowAsync("MainPID"), await ShowAsync("ActiveState"))); // `status` would read the wrong file itself

        Machine.Write("/etc/aiinfra/agent.yaml", good.Replace("name: booted", "name: renamed", StringComparison.Ordinal));
        await Machine.RunAsync("systemctl", "reload", Unit);

        await EventuallyAsync(async () => (await AgentAsync("status")).Output.StartsWith("renamed:", StringComparison.Ordinal) && await ShowAsync("ActiveState") == "active");
        Assert.Equal((pid, "0"), (await ShowAsync("MainPID"), await ShowAsync("NRestarts")));
    }

    [Fact]
    public async Task Stuck_it_misses_its_watchdog_and_is_started_again()
    {
        DropIn("[Service]\nWatchdogSec=3\nTimeoutAbortSec=1\n", "watchdog");
        await Machine.RunAsync("systemctl", "daemon-reload");
        await Machine.RunAsync("systemctl", "restart", Unit);
        var before = await ShowAsync("MainPID");
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken); // longer than the watchdog's time: it is told that the agent lives
        Assert.Equal(before, await ShowAsync("MainPID"));

        await Machine.KillAsync(int.Parse(before, CultureInfo.InvariantCulture), 19); // SIGSTOP: every loop stands still

        await EventuallyAsync(async () => await ShowAsync("MainPID") is var now && now != before && now != "0" && await ShowAsync("ActiveState") == "active");
        Assert.Contains("Watchdog timeout", await Machine.JournalOfAsync(Unit), StringComparison.Ordinal);
        File.Delete($"{Machine.Root}/etc/systemd/system/{Unit}.service.d/watchdog.conf");
        await Machine.RunAsync("systemctl", "daemon-reload");
    }

    [Fact]
    public async Task A_wrong_configuration_is_said_and_not_tried_again()
    {
        Machine.Write("/etc/aiinfra/agent.yaml", "nod: { name: booted }\n");

        await Machine.TryRunAsync("systemctl", "restart", Unit);

        await EventuallyAsync(async () => await ShowAsync("ActiveState") == "failed");
        Assert.Equal("78", await ShowAsync("ExecMainStatus"));
        Assert.Equal("0", await ShowAsync("NRestarts"));
        Assert.Contains("nod", await Machine.JournalOfAsync(Unit), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_in_the_hosts_journal_raises_a_condition_once_over_a_restart_of_the_agent_and_a_rotation()
    {
        await Machine.RunAsync("logger", "--tag", "test-service", "broke 1");
        await EventuallyAsync(async () => (await ProblemAsync())?.Count == 1);

        await Machine.RunAsync("systemctl", "stop", Unit);
        await Machine.RunAsync("logger", "--tag", "test-service", "broke 2");
        await Machine.RunAsync("journalctl", "--rotate");
        await Machine.RunAsync("systemctl", "start", Unit);

        await EventuallyAsync(async () => (await ProblemAsync())?.Count == 2);
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken); // nothing is read twice
        Assert.Equal(2, (await ProblemAsync())?.Count);
        await AgentAsync("clear", "npd.TestFault.TestBroke");
    }

    private async Task<(long Count, string Evidence)?> ProblemAsync()
    {
        var (status, output) = await AgentAsync("problems", "-o", "json");
        if (status is not (0 or 1) || !output.StartsWith('['))
            return null;
        foreach (var problem in JsonDocument.Parse(output).RootElement.EnumerateArray())
        {
            if (problem.GetProperty("id").GetString() == "npd.TestFault.TestBroke")
                return (problem.GetProperty("count").GetInt64(), problem.ToString());
        }
        return null;
    }
}
