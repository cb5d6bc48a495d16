using AIInfra.Linux.Systemd;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class LogindTests(BootedSystem system)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private BootedMachine Machine => system.Machine;

    [Fact]
    public async Task A_blocked_boot_is_refused_with_who_blocks_it_and_then_done_and_noticed()
    {
        await Machine.AddServiceAsync("blocker", "ExecStart=/usr/bin/systemd-inhibit --what=shutdown --who=backup --why=copying --mode=block sleep 1000");
        await Machine.AddServiceAsync("delayer", "ExecStart=/usr/bin/systemd-inhibit --what=shutdown --who=kubelet --why=pods --mode=delay sleep 1000");
        await Machine.RunAsync("systemctl", "start", "blocker", "delayer");
        var bootId = await Machine.RunAsync("cat", "/proc/sys/kernel/random/boot_id");
        using var bus = system.OpenBus();
        var logind = new Logind(bus);
        var inhibitors = await logind.InhibitorsAsync(Stop);
        for (var tries = 0; inhibitors.Length < 2 && tries < 100; tries++)
        {
            await Task.Delay(20, Stop);
            inhibitors = await logind.InhibitorsAsync(Stop);
        }

        var refusal = await Assert.ThrowsAsync<BusException>(() => logind.RebootAsync(Stop));

        Assert.Equal(["backup"], inhibitors.Where(one => one.BlocksShutdown).Select(one => one.Who));
        Assert.Equal(["kubelet"], inhibitors.Where(one => one.DelaysShutdown).Select(one => one.Who));
        Assert.Equal(BusFate.NotSent, refusal.Fate);
        Assert.Matches(@"^A boot is blocked by backup \(process \d+: copying\)\.$", refusal.Message);
        Assert.False(logind.IsPreparingForShutdown);
        Assert.Equal(TimeSpan.FromSeconds(5), await logind.LongestDelayAsync(Stop));

        await Machine.RunAsync("systemctl", "stop", "blocker");
        var boots = Machine.Boots;
        await logind.RebootAsync(Stop);
        for (var tries = 0; !logind.IsPreparingForShutdown && tries < 100; tries++) // the delay holds it for 5 s
            await Task.Delay(20, Stop);
        Assert.True(logind.IsPreparingForShutdown);

        await Machine.WaitForBootAsync();
        Assert.Equal(boots + 1, Machine.Boots);
        Assert.NotEqual(bootId, await Machine.RunAsync("cat", "/proc/sys/kernel/random/boot_id"));
    }
}
