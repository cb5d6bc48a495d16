using System.Globalization;
using AIInfra.Linux.Systemd;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class SystemdUnitsTests(BootedSystem system) : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly SystemBus _bus = system.OpenBus();
    private BootedMachine Machine => system.Machine;

    public void Dispose() => _bus.Dispose();

    [Fact]
    public async Task A_service_is_started_and_its_properties_are_read()
    {
        await Machine.AddServiceAsync("plain", "ExecStart=/bin/sleep 1000");
        var units = new SystemdUnits(_bus);
        var before = await units.GetAsync("plain.service", Stop);

        var result = await units.RunAsync(UnitJob.Start, "plain.service", Deadline, Stop);
        var after = await units.GetAsync("plain.service", Stop);

        Assert.Equal(("loaded", "inactive", "dead", "", 0), (before.Load, before.Active, before.Sub, before.InvocationId, before.MainProcess));
        Assert.Equal("done", result);
        Assert.Equal(("loaded", "active", "running", "success", 0L), (after.Load, after.Active, after.Sub, after.Result, after.Restarts));
        Assert.Matches("^[0-9a-f]{32}$", after.InvocationId);
        Assert.Equal(await Machine.RunAsync("systemctl", "show", "--value", "-p", "InvocationID", "plain"), after.InvocationId + "\n");
        Assert.Equal("sleep", (await Machine.RunAsync("ps", "-o", "comm=", "-p", $"{after.MainProcess}")).Trim());
    }

    [Fact]
    public async Task A_restart_makes_a_new_invocation_and_a_stop_is_awaited()
    {
        await Machine.AddServiceAsync("again", "ExecStart=/bin/sleep 1000");
        var units = new SystemdUnits(_bus);
        await units.RunAsync(UnitJob.Start, "again.service", Deadline, Stop);
        var first = await units.GetAsync("again.service", Stop);

        Assert.Equal("done", await units.RunAsync(UnitJob.Restart, "again.service", Deadline, Stop));
        var second = await units.GetAsync("again.service", Stop);
        Assert.Equal("done", await units.RunAsync(UnitJob.Stop, "again.service", Deadline, Stop));

        Assert.NotEqual(first.InvocationId, second.InvocationId);
        Assert.NotEqual(first.MainProcess, second.MainProcess);
        Assert.Equal("inactive", (await units.GetAsync("again.service", Stop)).Active);
    }

    [Fact]
    public async Task A_start_that_fails_is_told_with_why()
    {
        await Machine.AddServiceAsync("failing", "Type=oneshot\nExecStart=/bin/sh -c 'exit 7'");
        var units = new SystemdUnits(_bus);

        var result = await units.RunAsync(UnitJob.Start, "failing.service", Deadline, Stop);
        var state = await units.GetAsync("failing.service", Stop);
        await units.ResetFailedAsync("failing.service", Stop);

        Assert.Equal("failed", result);
        Assert.Equal(("failed", "exit-code", 7, false), (state.Active, state.Result, state.ExitStatus, state.WasKilled));
        Assert.Equal("inactive", (await units.GetAsync("failing.service", Stop)).Active);
    }

    [Fact]
    public async Task A_start_past_systemds_own_time_says_timeout_and_a_dependency_says_so()
    {
        await Machine.AddServiceAsync("slow", "Type=oneshot\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000");
        await Machine.AddServiceAsync("needs-slow", "ExecStart=/bin/sleep 1000", "Requires=slow.service\nAfter=slow.service");
        var units = new SystemdUnits(_bus);

        var dependent = units.RunAsync(UnitJob.Start, "needs-slow.service", Deadline, Stop);
        var slow = await units.RunAsync(UnitJob.Start, "slow.service", Deadline, Stop);

        Assert.Equal(("failed", "dependency"), (slow, await dependent)); // a oneshot's timeout is a failure of its job
        Assert.Equal("timeout", (await units.GetAsync("slow.service", Stop)).Result);
    }

    [Fact]
    public async Task A_job_that_outlasts_the_deadline_is_unknown_and_another_call_goes_on_meanwhile()
    {
        await Machine.AddServiceAsync("endless", "Type=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000");
        var units = new SystemdUnits(_bus);

        var waiting = units.RunAsync(UnitJob.Start, "endless.service", TimeSpan.FromSeconds(1), Stop);
        var state = await units.GetAsync("endless.service", Stop);
        var fault = await Assert.ThrowsAsync<BusException>(() => waiting);

        Assert.Equal("activating", state.Active);
        Assert.Equal(BusFate.Unknown, fault.Fate);
        Assert.Equal("StartUnit endless.service was taken on by systemd but not done within 1 s.", fault.Message);
        await units.RunAsync(UnitJob.Stop, "endless.service", Deadline, Stop);
    }

    [Fact]
    public async Task What_systemd_refuses_is_refused_by_name()
    {
        var units = new SystemdUnits(_bus);

        var missing = await units.GetAsync("no-such.service", Stop);
        var start = await Assert.ThrowsAsync<BusException>(() => units.RunAsync(UnitJob.Start, "no-such.service", Deadline, Stop));
        var name = await Assert.ThrowsAsync<BusException>(() => units.GetAsync("no/unit", Stop));

        Assert.False(missing.IsThere);
        Assert.Equal((BusFate.Refused, "org.freedesktop.systemd1.NoSuchUnit"), (start.Fate, start.Error));
        Assert.Contains("no-such.service not found", start.Message, StringComparison.Ordinal);
        Assert.Equal(BusFate.Refused, name.Fate);
    }

    [Fact]
    public async Task A_signal_reaches_the_main_process_and_systemds_restarts_are_counted()
    {
        await Machine.AddServiceAsync("killed", "ExecStart=/bin/sleep 1000\nRestart=always\nRestartSec=0");
        var units = new SystemdUnits(_bus);
        await units.RunAsync(UnitJob.Start, "killed.service", Deadline, Stop);
        var first = await units.GetAsync("killed.service", Stop);

        await units.KillAsync("killed.service", "main", 9, Stop);

        var second = await EventuallyAsync(units, "killed.service", state => state.Active == "active" && state.MainProcess != 0 && state.MainProcess != first.MainProcess);
        Assert.Equal(1, second.Restarts);
        Assert.NotEqual(first.InvocationId, second.InvocationId);
        await units.RunAsync(UnitJob.Stop, "killed.service", Deadline, Stop);
    }

    [Fact]
    public async Task Units_are_listed_by_pattern()
    {
        await Machine.AddServiceAsync("listed-1", "ExecStart=/bin/sleep 1000");
        var units = new SystemdUnits(_bus);
        await units.RunAsync(UnitJob.Start, "listed-1.service", Deadline, Stop);

        var some = await units.ListAsync(["listed-*.service", "dbus.service"], Stop);

        Assert.Equal([new("dbus.service", "loaded", "active", "running"), new UnitListing("listed-1.service", "loaded", "active", "running")], some.OrderBy(unit => unit.Name));
    }

    [Fact]
    public async Task A_bus_that_starts_anew_is_used_again()
    {
        await Machine.AddServiceAsync("over-restart", "ExecStart=/bin/sleep 1000");
        var units = new SystemdUnits(_bus);
        await units.RunAsync(UnitJob.Start, "over-restart.service", Deadline, Stop);

        var pid = (await Machine.RunAsync("systemctl", "show", "--value", "-p", "MainPID", "dbus")).Trim();
        await Machine.KillAsync(int.Parse(pid, CultureInfo.InvariantCulture), 9);
        UnitState? state = null;
        for (var tries = 0; state is null && tries < 100; tries++)
        {
            try
            {
                state = await units.GetAsync("over-restart.service", Stop);
                Assert.Equal("done", await units.RunAsync(UnitJob.Restart, "over-restart.service", Deadline, Stop)); // its signal is heard: the match was made anew
            }
            catch (BusException)
            {
                await Task.Delay(50, Stop);
            }
        }

        Assert.Equal("active", state?.Active);
    }

    [Fact]
    public async Task Many_callers_at_once_get_their_own_answers()
    {
        var units = new SystemdUnits(_bus);
        for (var number = 0; number < 8; number++)
            await Machine.AddServiceAsync($"many-{number}", "ExecStart=/bin/sleep 1000");

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
            (await units.RunAsync(UnitJob.Restart, $"many-{number}.service", Deadline, Stop), (await units.GetAsync($"many-{number}.service", Stop)).Name)));

        Assert.Equal(Enumerable.Range(0, 8).Select(number => ("done", $"many-{number}.service")), results);
    }

    internal static async Task<UnitState> EventuallyAsync(SystemdUnits units, string unit, Func<UnitState, bool> isSo)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var state = await units.GetAsync(unit, Stop);
            if (isSo(state))
                return state;
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"{unit} stays {state}");
            await Task.Delay(20, Stop);
        }
    }
}
