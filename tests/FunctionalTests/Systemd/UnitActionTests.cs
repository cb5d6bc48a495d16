using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Linux.Systemd;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

[Collection(BootedSystem.Collection)]
public sealed class UnitActionTests(BootedSystem system) : IDisposable
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly ActionRig _rig = new(system.Machine);
    private BootedMachine Machine => system.Machine;
    private RestartUnit Restart => new(_rig.System, _rig.Hands);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task A_unit_that_failed_is_restarted_and_the_invocation_proves_it()
    {
        await Machine.AddServiceAsync("broken", "ExecStart=/bin/sh -c '[ -e /run/mended ] && exec sleep 1000; exit 3'\nStartLimitBurst=1");
        await Machine.TryRunAsync("systemctl", "start", "broken");
        await SystemdUnitsTests.EventuallyAsync(_rig.System.Units, "broken.service", unit => unit.Active == "failed");

        var (_, still) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("broken.service")));
        Machine.Write("/run/mended", "");
        var (step, mended) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("broken.service")));

        Assert.Equal(ActionOutcome.Done, still.Outcome); // Type=simple: it was started; that it fails again, the verification sees
        Assert.Equal(ActionOutcome.Done, mended.Outcome);
        Assert.Matches(@"^broken\.service was restarted: it is active \(running\), process \d+, and was failed \(failed\)\.$", mended.Says);
        Assert.Equal(ProofKind.InvocationId, step.Proof.Kind);
        Assert.Equal(ActionOutcome.Done, (await Restart.ResolveAsync(step, Stop)).Outcome);
    }

    [Fact]
    public async Task A_restart_whose_start_fails_says_so_and_one_that_never_came_is_known_not_to_have()
    {
        await Machine.AddServiceAsync("refuses", "Type=notify\nExecStart=/bin/sh -c 'exit 4'");
        await Machine.AddServiceAsync("untouched", "ExecStart=/bin/sleep 1000");
        await Machine.RunAsync("systemctl", "start", "untouched");

        var (_, failed) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", Subject.Node, "refuses"));
        var step = ActionRig.Step("restart-unit", ActionRig.Unit("untouched.service"));
        step = step with { Proof = (await Restart.PrepareAsync(step, Stop)).Proof };
        var never = await Restart.ResolveAsync(step, Stop); // the agent died between its intent and the call

        Assert.Equal(ActionOutcome.Failed, failed.Outcome);
        Assert.Contains("The restart of refuses.service ended with failed", failed.Says, StringComparison.Ordinal);
        Assert.Contains("status 4", failed.Says, StringComparison.Ordinal);
        Assert.Equal((ActionOutcome.Failed, "untouched.service was not restarted: it is the same run as before, active (running)."), (never.Outcome, never.Says));
    }

    [Fact]
    public async Task A_container_runtime_is_restarted_only_where_its_containers_live_on()
    {
        await Machine.AddServiceAsync("containerd", "ExecStart=/bin/sleep 1000\nKillMode=mixed");
        await Machine.RunAsync("systemctl", "start", "containerd");
        var (_, refused) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("containerd.service")));

        await Machine.AddServiceAsync("containerd", "ExecStart=/bin/sleep 1000\nKillMode=process");
        var (_, done) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("containerd.service")));

        await Machine.AddServiceAsync("docker", "ExecStart=/bin/sleep 1000\nKillMode=process");
        await Machine.RunAsync("systemctl", "start", "docker");
        var (_, docker) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("docker.service")));
        Machine.Write("/etc/docker/daemon.json", """{ "live-restore": true }""");
        var (_, live) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("docker.service")));

        Assert.Equal((ActionOutcome.NotPossible, "containerd.service has KillMode=mixed: a restart would end the containers with it. Set KillMode=process."), (refused.Outcome, refused.Says));
        Assert.Equal(ActionOutcome.Done, done.Outcome);
        Assert.Contains("\"live-restore\" is not true", docker.Says, StringComparison.Ordinal);
        Assert.Equal(ActionOutcome.Done, live.Outcome);
        await Machine.RunAsync("systemctl", "stop", "containerd", "docker");
    }

    [Fact]
    public async Task What_hangs_on_a_unit_is_named_before_it_is_touched()
    {
        await Machine.AddServiceAsync("base", "ExecStart=/bin/sleep 1000");
        await Machine.AddServiceAsync("leaf", "ExecStart=/bin/sleep 1000", "Requires=base.service");
        await Machine.RunAsync("systemctl", "start", "leaf");

        var preparation = await Restart.PrepareAsync(ActionRig.Step("restart-unit", ActionRig.Unit("base")), Stop);

        Assert.Equal(["base.service", "leaf.service"], preparation.Victims);
    }

    [Fact]
    public async Task A_unit_that_is_not_there_or_masked_is_not_possible()
    {
        await Machine.RunAsync("systemctl", "mask", "masked.service");

        var (_, missing) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("no-such.service")));
        var (_, masked) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("masked.service")));
        var (_, none) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", Subject.Node));
        var (_, ours) = await ActionRig.DoAsync(Restart, ActionRig.Step("restart-unit", ActionRig.Unit("aiinfra-agent.service")));

        Assert.All([missing, masked, none, ours], result => Assert.Equal(ActionOutcome.NotPossible, result.Outcome));
        Assert.Equal("There is no unit no-such.service on this host (not-found).", missing.Says);
        Assert.Contains("masked", masked.Says, StringComparison.Ordinal);
        Assert.Contains("never touched", ours.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hung_service_is_killed_and_systemd_starts_it_again()
    {
        await Machine.AddServiceAsync("hung", "ExecStart=/bin/sh -c \"trap '' TERM; while :; do sleep 1; done\"\nRestart=always\nRestartSec=0\nTimeoutStopSec=1");
        await Machine.AddServiceAsync("alone", "ExecStart=/bin/sleep 1000");
        await Machine.RunAsync("systemctl", "start", "hung", "alone");
        var kill = new KillUnit(_rig.System, _rig.Hands, TimeProvider.System);

        var (step, result) = await ActionRig.DoAsync(kill, ActionRig.Step("kill-unit", Subject.Node, "hung"));
        var (_, alone) = await ActionRig.DoAsync(kill, ActionRig.Step("kill-unit", Subject.Node, "alone", "TERM"));

        Assert.Equal(ActionOutcome.Done, result.Outcome);
        Assert.Contains("was sent SIGKILL and runs anew", result.Says, StringComparison.Ordinal);
        Assert.Equal(ActionOutcome.Done, (await kill.ResolveAsync(step, Stop)).Outcome);
        Assert.Contains("Restart=no", alone.Says, StringComparison.Ordinal);
        await Machine.RunAsync("systemctl", "stop", "hung", "alone");
    }

    [Fact]
    public async Task A_reload_and_a_start_are_done_and_told()
    {
        await Machine.AddServiceAsync("reloads", "ExecStart=/bin/sleep 1000\nExecReload=/bin/sh -c 'echo x >>/run/reloaded'");

        var (_, started) = await ActionRig.DoAsync(new NudgeUnit("start-unit", UnitJob.Start, _rig.System, _rig.Hands), ActionRig.Step("start-unit", Subject.Node, "reloads"));
        var (_, reloaded) = await ActionRig.DoAsync(new NudgeUnit("reload-unit", UnitJob.Reload, _rig.System, _rig.Hands), ActionRig.Step("reload-unit", Subject.Node, "reloads"));

        Assert.Equal("start-unit reloads.service ended with done: it is active (running).", started.Says);
        Assert.Equal(ActionOutcome.Done, reloaded.Outcome);
        Assert.Equal("x\n", await Machine.RunAsync("cat", "/run/reloaded"));
    }

    [Fact]
    public async Task An_operators_command_runs_as_a_unit_and_its_end_is_found_after_a_crash()
    {
        Machine.Write("/usr/local/bin/mend", "#!/bin/sh\necho \"$@\"\nsleep 1\n[ \"$1\" = good ]\n");
        await Machine.RunAsync("chmod", "+x", "/usr/local/bin/mend");
        var run = new RunCommand("run", false, _rig.System, _rig.Hands);

        var (_, good) = await ActionRig.DoAsync(run, ActionRig.Step("run", Subject.Device("GPU-1"), "/usr/local/bin/mend", "good", "{subject}", "{problem}", "a b"));
        var (_, bad) = await ActionRig.DoAsync(run, ActionRig.Step("run", Subject.Node, "/usr/local/bin/mend", "bad"));
        var (_, missing) = await ActionRig.DoAsync(run, ActionRig.Step("run", Subject.Node, "/usr/local/bin/none"));

        Assert.Equal((ActionOutcome.Done, "/usr/local/bin/mend ended well. It said: good GPU-1 test.problem a b"), (good.Outcome, good.Says));
        Assert.Equal((ActionOutcome.Failed, "/usr/local/bin/mend ended with status 1 (exit-code). It said: bad"), (bad.Outcome, bad.Says));
        Assert.Equal(ActionOutcome.NotPossible, missing.Outcome);

        var step = ActionRig.Step("run", Subject.Node, "/usr/local/bin/mend", "good");
        step = step with { Proof = (await run.PrepareAsync(step, Stop)).Proof };
        using (var crash = new CancellationTokenSource())
        {
            var lost = run.RunAsync(step, crash.Token);
            await SystemdUnitsTests.EventuallyAsync(_rig.System.Units, step.Proof.Before, unit => unit.Active == "activating");
            await crash.CancelAsync();
            Assert.Equal(ActionOutcome.Unknown, (await lost).Outcome);
        }
        using var next = new ActionRig(Machine);
        Assert.Equal(ActionOutcome.Done, (await new RunCommand("run", false, next.System, next.Hands).ResolveAsync(step, Stop)).Outcome);
        Assert.Equal(ActionOutcome.Unknown, (await run.ResolveAsync(ActionRig.Step("run", Subject.Node, "/bin/true"), Stop)).Outcome);
    }
}
