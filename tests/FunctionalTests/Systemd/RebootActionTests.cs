using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class RebootActionTests(BootedSystem system)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private BootedMachine Machine => system.Machine;

    private static Reboot RebootOn(ActionRig rig) => new(rig.System, rig.Hands, TimeProvider.System);

    [Fact]
    public async Task A_reboot_boots_the_host_and_the_new_boots_id_resolves_the_step()
    {
        ActionStep step;
        var boots = Machine.Boots;
        using (var rig = new ActionRig(Machine))
        {
            var reboot = RebootOn(rig);
            step = ActionRig.Step("reboot", Subject.Node);
            var preparation = await reboot.PrepareAsync(step, Stop);
            Assert.Null(preparation.WhyNot);
            step = step with { Proof = preparation.Proof };
            Assert.Equal(ActionOutcome.Unknown, (await reboot.ResolveAsync(step, Stop)).Outcome); // not yet

            using var ended = new CancellationTokenSource(); // the agent, with its host
            var running = reboot.RunAsync(step, ended.Token);
            await Machine.WaitForBootAsync();
            Assert.False(running.IsCompleted, "It returned although the host went down.");
            await ended.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        }

        using var next = new ActionRig(Machine);
        var result = await RebootOn(next).ResolveAsync(step, Stop);

        Assert.Equal(boots + 1, Machine.Boots);
        Assert.Equal(ActionOutcome.Done, result.Outcome);
        Assert.Equal($"The host has booted: boot {next.Host.ReadBootId()}, before {step.Proof.Before}.", result.Says);
    }

    [Fact]
    public async Task What_blocks_a_boot_is_named_and_the_host_stays_up()
    {
        await Machine.AddServiceAsync("upgrade", "ExecStart=/usr/bin/systemd-inhibit --what=shutdown --who=dpkg --why=upgrade --mode=block sleep 1000");
        await Machine.RunAsync("systemctl", "start", "upgrade");
        using var rig = new ActionRig(Machine);
        var reboot = RebootOn(rig);
        var boots = Machine.Boots;
        var step = ActionRig.Step("reboot", Subject.Node);
        Preparation preparation;
        var tries = 0;
        do
        {
            preparation = await reboot.PrepareAsync(step, Stop);
            await Task.Delay(20, Stop);
        }
        while (preparation.WhyNot is null && ++tries < 100);

        var run = await reboot.RunAsync(step with { Proof = new ActionProof(ProofKind.BootId, rig.Host.ReadBootId()) }, Stop);

        Assert.Matches(@"^A boot is blocked by dpkg \(process \d+: upgrade\)\. It can be booted when that has ended\.$", preparation.WhyNot);
        Assert.Equal(ActionOutcome.NotPossible, run.Outcome);
        Assert.Equal(boots, Machine.Boots);
        await Machine.RunAsync("systemctl", "stop", "upgrade");
    }

    [Fact]
    public async Task Without_logind_systemd_boots_the_host()
    {
        await Machine.RunAsync("systemctl", "mask", "--now", "systemd-logind.service");
        await Machine.RunAsync("systemctl", "mask", "dbus-org.freedesktop.login1.service");
        using var rig = new ActionRig(Machine);
        var step = ActionRig.Step("reboot", Subject.Node);
        var preparation = await RebootOn(rig).PrepareAsync(step, Stop);
        Assert.Null(preparation.WhyNot);
        using var ended = new CancellationTokenSource();

        var running = RebootOn(rig).RunAsync(step with { Proof = preparation.Proof }, ended.Token);
        await Machine.WaitForBootAsync();
        await ended.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Machine.RunAsync("systemctl", "unmask", "systemd-logind.service", "dbus-org.freedesktop.login1.service");
        await Machine.RunAsync("systemctl", "start", "systemd-logind.service");
    }
}
