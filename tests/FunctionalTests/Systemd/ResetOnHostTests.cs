using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Core.Sharing;
using AIInfra.Core.VendorHost;
using AIInfra.FunctionalTests.VendorHost;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Systemd;

/// <summary>A reset as a whole: a real vendor host lets go, services of a real systemd stop, the vendor's program runs as a transient unit, and everything is given back.</summary>
[Collection(BootedSystem.Collection)]
public sealed class ResetOnHostTests(BootedSystem system) : IAsyncLifetime
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly VendorFixture _vendor = new();
    private readonly PodResourcesBoard _pods = new();
    private ActionRig? _rig;

    private BootedMachine Machine => system.Machine;
    private ActionRig Rig => _rig ??= new ActionRig(Machine);

    public async ValueTask InitializeAsync()
    {
        Machine.Write("/usr/local/bin/acme-smi", """
            #!/bin/sh
            echo "$@ $(systemctl is-active acme-persist)" >>/run/acme-smi.log
            [ -e /run/acme-smi.slow ] && sleep 2
            read answer && echo "answered $answer"
            exit $(cat /run/acme-smi.status)
            """);
        Machine.Write("/run/acme-smi.status", "0");
        Machine.Write("/run/acme-smi.log", "");
        File.Delete($"{Machine.Root}/run/acme-smi.slow");
        await Machine.RunAsync("chmod", "+x", "/usr/local/bin/acme-smi");
        await Machine.AddServiceAsync("acme-persist", "ExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target");
        await Machine.RunAsync("systemctl", "enable", "--now", "acme-persist");
        await _vendor.StartAndServeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _rig?.Dispose();
        await _vendor.DisposeAsync();
    }

    private ResetDevice Action()
    {
        var offers = new OfferBoard(_vendor.Boards.Inventory, [], new RecordedLog<OfferBoard>());
        return new ResetDevice("reset-device",
            (_, device, _) => new ResetPlan(null, [device], [new CommandMove("acme-smi", ["--reset", device.Id], "Y\n")], ["acme-persist.service", "acme-none.service"]), null, Rig.System, Rig.Hands,
            new ResetBoards(_vendor.Boards.Inventory, _vendor.Boards.Health, _pods, offers, _vendor.Boards.Releases!, []), TimeProvider.System);
    }

    private async Task<string> LogAsync() => await Machine.RunAsync("cat", "/run/acme-smi.log");

    private async Task AllIsGivenBackAsync()
    {
        Assert.Empty(_vendor.Boards.Releases!.Current.Value);
        Assert.Equal("active\n", await Machine.RunAsync("systemctl", "is-active", "acme-persist"));
        await _vendor.UntilInventoryAsync(inventory => inventory.State == VendorState.Ready);
        await _vendor.UntilHealthAsync(health => health.Problems.All(problem => problem.Id != VendorReleases.ProblemId));
        Assert.Single(_vendor.Folder.Processes());
    }

    [Fact]
    public async Task Everybody_lets_go_the_program_resets_and_the_device_answers_again()
    {
        var child = Assert.Single(_vendor.Folder.Processes());

        var (step, result) = await ActionRig.DoAsync(Action(), ActionRig.Step("reset-device", Subject.Device("board-0")));

        Assert.Equal((ActionOutcome.Done, "acme-smi --reset board-0 ended well. It said: answered Y It answers again."), (result.Outcome, result.Says));
        Assert.Equal("--reset board-0 inactive\n", await LogAsync());
        Assert.Equal(["board-0"], step.ResetGroup);
        Assert.Equal((ProofKind.TransientUnit, $"aiinfra-{step.Id}-0.service"), (step.Proof.Kind, step.Proof.Before));
        await AllIsGivenBackAsync();
        Assert.DoesNotContain(child, _vendor.Folder.Processes());
    }

    [Fact]
    public async Task A_reset_that_fails_says_how_and_everything_is_given_back()
    {
        Machine.Write("/run/acme-smi.status", "15");

        var (_, result) = await ActionRig.DoAsync(Action(), ActionRig.Step("reset-device", Subject.Device("board-1")));

        Assert.Equal((ActionOutcome.Failed, "acme-smi --reset board-1 ended with status 15 (exit-code). It said: answered Y"), (result.Outcome, result.Says));
        await AllIsGivenBackAsync();
    }

    [Fact]
    public async Task After_a_crash_in_the_middle_the_unit_tells_how_it_ended_and_the_devices_come_back()
    {
        Machine.Write("/run/acme-smi.slow", "");
        var step = ActionRig.Step("reset-device", Subject.Device("board-0"));
        step = step with { Proof = (await Action().PrepareAsync(step, Stop)).Proof };
        using (var crash = new CancellationTokenSource())
        {
            var lost = Action().RunAsync(step, crash.Token);
            await SystemdUnitsTests.EventuallyAsync(Rig.System.Units, step.Proof.Before, unit => unit.Active == "activating");
            await crash.CancelAsync();
            Assert.Equal(ActionOutcome.Unknown, (await lost).Outcome);
        }
        await _vendor.ReleaseAsync(); // as it stood when the agent died: a release outlives it
        await Machine.RunAsync("systemctl", "stop", "acme-persist");

        var result = await Action().ResolveAsync(step, Stop);

        Assert.Equal(ActionOutcome.Done, result.Outcome);
        Assert.EndsWith("scripted was given back to the agent.", result.Says, StringComparison.Ordinal);
        Assert.Single((await LogAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)); // resolved, not repeated
        await AllIsGivenBackAsync();
        Assert.Equal(ActionOutcome.Unknown, (await Action().ResolveAsync(step, Stop)).Outcome); // what was taken cannot be taken again
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named_before_anything_is_touched()
    {
        await Machine.RunAsync("rm", "/usr/local/bin/acme-smi");

        var (_, result) = await ActionRig.DoAsync(Action(), ActionRig.Step("reset-device", Subject.Device("board-0")));

        Assert.Equal(ActionOutcome.NotPossible, result.Outcome);
        Assert.StartsWith("acme-smi is not there on the host", result.Says, StringComparison.Ordinal);
        Assert.Equal("", await LogAsync());
    }
}
