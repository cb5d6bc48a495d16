using System.Text.Json;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The agent as a service of a real systemd, with remediation on: it restarts what failed, boots its own host, and knows afterwards what it did.</summary>
[Collection(BootedSystem.Collection)]
public sealed class BootedRemediationTests(BootedSystem system) : IAsyncLifetime
{
    private const string Unit = "aiinfra-agent";

    private BootedMachine Machine => system.Machine;

    public async ValueTask InitializeAsync()
    {
        Machine.Write($"/etc/systemd/system/{Unit}.service", await File.ReadAllTextAsync(RepositoryRoot.Combine("packaging", "systemd", $"{Unit}.service"), TestContext.Current.CancellationToken));
        Machine.Write($"/etc/systemd/system/{Unit}.service.d/test.conf", "[Service]\nExecStart=\nExecStart=/opt/aiinfra/bin/aiinfra-agent run\nEnvironment=DOTNET_ROOT=/usr/share/dotnet\nProtectControlGroups=no\n"); // it hides the boot id that systemd-nspawn gives each boot
        Machine.Write("/etc/aiinfra/agent.yaml", """
            node: { name: booted }
            health: { kernelLog: { path: "" }, rules: [/etc/aiinfra/rules.d], watchedUnits: [watched-*], probes: { failedUnits: { interval: 5s } } }
            metrics: { address: "127.0.0.1:9400" }
            remediation: { mode: "on", policy: /etc/aiinfra/policy.yaml }
            """);
        Machine.Write("/etc/aiinfra/rules.d/units.yaml", """
            rules:
              - id: unit.failed
                source: service
                services: [systemd]
                literals: ["Failed with result"]
                pattern: '^(?<unit>web[\w@-]*)\.service: Failed with result'
                severity: degraded
                cause: host
                action: restart-service
                clearing: quiet-10m
                message: The unit has failed.
              - id: host.sick
                source: service
                services: [sick]
                literals: ["the host is sick"]
                severity: fatal
                cause: host
                action: reboot
                clearing: quiet-1h
                message: The host is sick.
            """);
        Machine.Write("/etc/aiinfra/policy.yaml", """
            limits: { spacing: 0s }
            ladders:
              - { name: units, problems: [unit.failed, service.failed], persists: 1s, rungs: [{ do: restart-unit, verify: unit-active, stable: 2s, cooldown: 0s, attempts: 20 }] }
              - { name: sick, problems: [host.sick], rungs: [{ do: reboot, verify: booted, stable: 1s, deadline: 2m }] }
            """);
        await Machine.RunAsync("systemctl", "daemon-reload");
        await Machine.TryRunAsync("systemctl", "reset-failed", Unit);
        await Machine.RunAsync("rm", "-rf", "/var/lib/aiinfra");
        await Machine.RunAsync("systemctl", "enable", Unit);
        await Machine.RunAsync("systemctl", "restart", Unit);
        await ArmedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Machine.TryRunAsync("systemctl", "disable", Unit);
        await Machine.TryRunAsync("systemctl", "stop", Unit);
        await Machine.TryRunAsync("rm", "-rf", "/var/lib/aiinfra", "/etc/aiinfra/rules.d", "/etc/aiinfra/policy.yaml");
    }

    private Task<(int Status, string Output)> AgentAsync(params string[] words) => Machine.TryRunAsync(["env", "DOTNET_ROOT=/usr/share/dotnet", BootedMachine.Program, .. words]);

    private Task EventuallyAsync(Func<Task<bool>> ask) => Eventually.AsyncTrue(ask, () => Machine.JournalOfAsync(Unit).GetAwaiter().GetResult());

    /// <summary>The view is complete: it may act.</summary>
    private Task ArmedAsync() => EventuallyAsync(async () => await ActionsAsync() is { } actions && actions.GetProperty("remediation") is var now
        && now.GetProperty("mode").GetString() == "On" && !now.TryGetProperty("held", out _));

    private async Task<JsonElement?> ActionsAsync()
    {
        var (status, output) = await AgentAsync("actions", "-o", "json");
        return status == 0 && output.StartsWith('{') ? JsonDocument.Parse(output).RootElement : null;
    }

    private async Task<List<(string Action, string? Outcome, bool? Helped)>> StepsAsync() => await ActionsAsync() is not { } actions ? [] :
        [.. actions.GetProperty("steps").EnumerateArray().Select(step => (
            step.GetProperty("action").GetString()!, step.TryGetProperty("outcome", out var outcome) ? outcome.GetString() : null,
            step.TryGetProperty("helped", out var helped) ? helped.GetBoolean() : (bool?)null))];

    private async Task<string> StateAsync(string unit, string property = "ActiveState") => (await Machine.RunAsync("systemctl", "show", "--value", "-p", property, unit)).Trim();

    private async Task FailAsync(string unit) => await Machine.RunAsync("systemctl", "kill", "--signal=KILL", unit);

    [Fact]
    public async Task A_unit_that_fails_is_restarted_over_DBus_and_verified()
    {
        await Machine.AddServiceAsync("web", "ExecStart=/bin/sleep 1000");
        await Machine.RunAsync("systemctl", "start", "web");
        var before = await StateAsync("web", "InvocationID");

        var started = TimeProvider.System.GetTimestamp();
        await FailAsync("web");
        await EventuallyAsync(async () => (await StepsAsync()).Any(step => step is ("restart-unit", "Done", true)));
        TestContext.Current.TestOutputHelper?.WriteLine($"failed to verified: {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.00} s, of which 1 s hold and 2 s stable");

        Assert.Equal("active", await StateAsync("web"));
        Assert.NotEqual(before, await StateAsync("web", "InvocationID"));
        var (_, text) = await AgentAsync("actions");
        Assert.Contains("restart-unit on unit web for unit.failed: done, helped", text, StringComparison.Ordinal);
        Assert.Contains("remediation: on", (await AgentAsync("status")).Output, StringComparison.Ordinal);
        await Machine.RunAsync("systemctl", "stop", "web");
        await AgentAsync("clear", "unit.failed");
    }

    [Fact]
    public async Task A_watched_unit_that_fails_is_a_problem_without_any_rule_and_is_restarted_and_one_that_is_disabled_is_not()
    {
        await Machine.AddServiceAsync("watched-one", "ExecStart=/bin/sleep 1000");
        await Machine.AddServiceAsync("watched-off", "ExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target");
        await Machine.RunAsync("systemctl", "start", "watched-one", "watched-off"); // one that is disabled can be started by hand
        var before = await StateAsync("watched-one", "InvocationID");

        await FailAsync("watched-off");
        await FailAsync("watched-one");
        await EventuallyAsync(async () => (await StepsAsync()).Any(step => step is ("restart-unit", "Done", true)));

        Assert.Equal("active", await StateAsync("watched-one"));
        Assert.NotEqual(before, await StateAsync("watched-one", "InvocationID"));
        Assert.Contains("restart-unit on unit watched-one for service.failed: done, helped", (await AgentAsync("actions")).Output, StringComparison.Ordinal);
        await EventuallyAsync(async () => !(await AgentAsync("problems")).Output.Contains("service.failed", StringComparison.Ordinal));
        Assert.Equal("failed", await StateAsync("watched-off"));
        Assert.Single(await StepsAsync());
        await Machine.RunAsync("systemctl", "stop", "watched-one");
        await Machine.RunAsync("systemctl", "reset-failed", "watched-off");
    }

    [Fact]
    public async Task While_it_is_paused_nothing_is_restarted_and_when_that_is_over_it_is()
    {
        await Machine.AddServiceAsync("web-paused", "ExecStart=/bin/sleep 1000");
        await Machine.RunAsync("systemctl", "start", "web-paused");
        Assert.Equal(0, (await AgentAsync("pause", "--for", "1h", "--reason", "a look")).Status);
        await FailAsync("web-paused");
        await EventuallyAsync(async () => (await AgentAsync("actions")).Output.Contains("BLOCKED unit.failed on unit web-paused", StringComparison.Ordinal));
        Assert.Contains("paused by an operator", (await AgentAsync("status")).Output, StringComparison.Ordinal);
        Assert.Equal("failed", await StateAsync("web-paused"));

        await Machine.RunAsync("systemctl", "restart", Unit); // a restart of the agent does not end it
        await EventuallyAsync(async () => (await AgentAsync("actions")).Output.Contains("paused by an operator", StringComparison.Ordinal));
        Assert.Equal(0, (await AgentAsync("resume")).Status);

        await EventuallyAsync(async () => await StateAsync("web-paused") == "active");
        Assert.Equal(65, (await AgentAsync("resume")).Status);
        Assert.Equal(65, (await AgentAsync("approve", "nothing")).Status);
        await Machine.RunAsync("systemctl", "stop", "web-paused");
        await AgentAsync("clear", "unit.failed");
    }

    [Fact]
    public async Task Killed_in_the_midst_of_a_restart_the_agent_settles_it_by_the_invocation_id_and_does_it_once()
    {
        await Machine.AddServiceAsync("web-slow", "Type=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'echo started >>/run/web-slow.starts; sleep 3; systemd-notify --ready; exec sleep 1000'");
        await Machine.RunAsync("systemctl", "start", "web-slow");
        await FailAsync("web-slow");
        await EventuallyAsync(async () => await StateAsync("web-slow") == "activating");

        await Machine.RunAsync("systemctl", "kill", "--signal=KILL", Unit);

        await EventuallyAsync(async () => (await StepsAsync()).Any(step => step is ("restart-unit", "Done", true)));
        Assert.Single(await StepsAsync());
        Assert.Equal(2, (await Machine.RunAsync("cat", "/run/web-slow.starts")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await Machine.RunAsync("systemctl", "stop", "web-slow");
        await AgentAsync("clear", "unit.failed");
    }

    [Fact]
    public async Task A_reboot_boots_the_host_and_is_settled_and_verified_by_the_next_boot()
    {
        var boots = Machine.Boots;
        var before = await File.ReadAllTextAsync($"{Machine.Root}/proc/sys/kernel/random/boot_id", TestContext.Current.CancellationToken);
        await Machine.RunAsync("logger", "--tag", "sick", "the host is sick");

        await Machine.WaitForBootAsync();

        Assert.Equal(boots + 1, Machine.Boots);
        Assert.NotEqual(before, await File.ReadAllTextAsync($"{Machine.Root}/proc/sys/kernel/random/boot_id", TestContext.Current.CancellationToken));
        await EventuallyAsync(async () => (await StepsAsync()).Any(step => step is ("reboot", "Done", true)));
        Assert.Single(await StepsAsync());
        Assert.Equal(boots + 1, Machine.Boots);
        Assert.True(Directory.EnumerateDirectories($"{Machine.Root}/var/lib/aiinfra/evidence").Any());
        await AgentAsync("clear", "host.sick");
    }
}
