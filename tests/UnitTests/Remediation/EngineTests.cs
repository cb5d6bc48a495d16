using System.Diagnostics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Sharing;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>The engine's way through a step: before it, in it, after it.</summary>
public sealed class EngineTests : IAsyncLifetime
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly EngineRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    private static RemediationPolicy Read(string text)
    {
        var (policy, errors) = PolicyReader.Read("p", text, TestActions.All, TestActions.Probes);
        Assert.Empty(errors);
        return policy;
    }

    [Fact]
    public async Task A_failed_unit_is_restarted_when_its_hold_is_over_and_verified()
    {
        await _rig.TurnAsync();
        _rig.ReportUnit();
        await _rig.PassAsync(TimeSpan.FromSeconds(59));
        Assert.Empty(_rig.Done);
        Assert.Equal(PlanState.Waits, _rig.Plan("kubelet.unhealthy").State);

        await _rig.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(["restart-unit"], _rig.Done);
        Assert.Contains("kubelet.unhealthy", _rig.Looks.Asked); // whoever found it looks now, not at its beat
        Assert.Null(_rig.View.History.Records.Single().Helped);
        _rig.Health.ReportHealthy("kubelet.unhealthy", new Subject(SubjectKind.Unit, "kubelet"), "well");
        await _rig.PassAsync(TimeSpan.FromSeconds(3));
        var record = Assert.Single(_rig.View.History.Records);
        Assert.Equal((StepState.Closed, true), (record.State, record.Helped));
        Assert.Contains("kubelet.unhealthy is over", record.Verified, StringComparison.Ordinal);
        Assert.Equal(["RemediationStarted", "RemediationDone", "RemediationHelped"], _rig.Board.Notes.Value.Select(note => note.Reason));
        Assert.Empty(_rig.Evidence); // nothing is destroyed by it
    }

    [Fact]
    public async Task A_unit_that_has_failed_again_is_tried_again_after_the_cooldown_and_then_left_to_a_person()
    {
        await _rig.TurnAsync();
        _rig.ReportUnit();
        _rig.Probes["unit-active"] = new FakeProbe("unit-active") { Verdict = new Verdict(VerdictKind.Bad, "failed again") };

        await _rig.PassAsync(TimeSpan.FromHours(1));

        Assert.Equal(["restart-unit"], _rig.Done); // it did not help: not again
        Assert.Equal(PlanState.NeedsPerson, _rig.Plan("kubelet.unhealthy").State);
        Assert.Contains(_rig.Board.Notes.Value, note => note.Reason == "RemediationNeedsPerson");
    }

    [Fact]
    public async Task A_dry_run_says_what_it_would_do_and_whom_it_would_hit_and_does_nothing()
    {
        _rig.Mode = RemediationMode.DryRun;
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        await _rig.TurnAsync();
        _rig.ReportXid79();
        _rig.ReportReset(1);

        await _rig.PassAsync(TimeSpan.FromSeconds(5));

        Assert.Empty(_rig.Done);
        Assert.Empty(_rig.View.History.Records);
        Assert.Equal("cordon, drain, reboot and uncordon would be done (dry run).", _rig.Plan("nvidia.xid.79").Why);
        Assert.Equal("drain of the device's pods and reset-device would be done (dry run).", _rig.Plan("nvidia.xid.95").Why);
        Assert.Equal(2, _rig.View.WouldDo.Length);
        Assert.All(_rig.View.WouldDo, would => Assert.Equal(["victim"], would.Victims));
        Assert.Equal(2, _rig.Board.Notes.Value.Count(note => note.Reason == "RemediationDryRun")); // once each
        Assert.Equal(1, _rig.View.Counts[("reboot", "dry_run")]);
    }

    [Fact]
    public async Task Before_every_vendor_and_probe_has_answered_nothing_is_done()
    {
        _rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(4)) with { State = VendorState.Starting });
        _rig.ProbeBoard.Publish(new ProbeReport("kubelet", ProbeState.Waiting, "w", Minute, null, default, []));
        _rig.ReportReset();
        await _rig.TurnAsync();
        Assert.Contains("acme has not answered yet", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);
        _rig.Inventory.Publish(TestGpus.Inventory(TestGpus.Switched(4)));
        await _rig.TurnAsync();
        Assert.Contains("probe kubelet has not looked yet", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);
        Assert.Empty(_rig.Done);

        _rig.ProbeBoard.Publish(new ProbeReport("kubelet", ProbeState.Hung, "h", Minute, null, default, [])); // it will not say more
        _rig.Standing.Now = new NodeStanding { Incomplete = "pods are not known." };
        await _rig.TurnAsync();
        Assert.Equal("pods are not known.", _rig.Plan("nvidia.xid.95").Why);
        _rig.Standing.Now = NodeStanding.Nothing;
        await _rig.TurnAsync();
        Assert.Equal(["reset-device"], _rig.Done);
    }

    [Fact]
    public async Task A_pause_holds_everything_also_over_a_restart_until_its_time_is_over_whatever_the_clock_says()
    {
        Assert.Null(await _rig.Orders.PauseAsync(Now(), TimeSpan.FromHours(2), "maintenance"));
        _rig.ReportReset();
        await _rig.TurnAsync();
        Assert.Contains("paused by an operator", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);
        Assert.Contains("maintenance", _rig.View.Held?.Why, StringComparison.Ordinal);

        _rig.Time.Jump(TimeSpan.FromDays(1)); // not two hours of pause
        _rig.Restart();
        await _rig.TurnAsync();
        Assert.Equal(PlanState.Blocked, _rig.Plan("nvidia.xid.95").State);
        Assert.Empty(_rig.Done);

        _rig.Time.Advance(TimeSpan.FromHours(2));
        _rig.ReportReset(); // seen again: it is no backlog
        await _rig.TurnAsync();
        Assert.Equal(["reset-device"], _rig.Done);
    }

    [Fact]
    public async Task Orders_that_cannot_be_read_count_as_a_pause_until_they_are_written_anew()
    {
        await File.WriteAllTextAsync(Path.Combine(_rig.State, RemediationOrders.FileName), "{", EngineRig.Stop);
        _rig.ReportReset();
        await _rig.TurnAsync();
        Assert.Contains("cannot be read", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);
        Assert.Empty(_rig.Done);

        await _rig.Orders.ResumeAsync();
        await _rig.TurnAsync();

        Assert.Equal(["reset-device"], _rig.Done);
    }

    [Fact]
    public async Task What_needs_a_person_is_done_once_when_it_was_approved()
    {
        _rig.Report("nvidia.bad-board", Subject.Device(TestGpus.Id(0)), SuggestedAction.Replace, Clearing.ByHand);
        await _rig.TurnAsync();
        var plan = _rig.Plan("nvidia.bad-board");
        Assert.Equal(PlanState.NeedsApproval, plan.State);

        Assert.Null(await _rig.Orders.ApproveAsync(Now(), plan.Operation!));
        _rig.Restart(); // it is remembered
        await _rig.PassAsync(TimeSpan.FromHours(1) + Minute);

        Assert.Equal(["request-replacement"], _rig.Done);
    }

    [Fact]
    public async Task An_approval_that_is_not_used_counts_no_more_after_a_day()
    {
        _rig.Report("nvidia.bad-board", Subject.Device(TestGpus.Id(0)), SuggestedAction.Replace, Clearing.ByHand);
        _rig.Standing.Now = new NodeStanding { Incomplete = "not yet." };
        await _rig.TurnAsync();
        _rig.Standing.Now = NodeStanding.Nothing;
        _rig.Mode = RemediationMode.DryRun;
        _rig.Restart();
        await _rig.TurnAsync();
        await _rig.Orders.ApproveAsync(Now(), _rig.Plan("nvidia.bad-board").Operation!);
        _rig.Time.Advance(TimeSpan.FromHours(24));
        _rig.Mode = RemediationMode.On;
        _rig.Restart();

        await _rig.TurnAsync();

        Assert.Empty(_rig.Done);
        Assert.Equal(PlanState.NeedsApproval, _rig.Plan("nvidia.bad-board").State);
    }

    [Fact]
    public async Task Without_a_journal_nothing_is_done_and_with_one_again_it_is()
    {
        Directory.Delete(_rig.State, recursive: true);
        await File.WriteAllTextAsync(_rig.State, "no folder", EngineRig.Stop);
        _rig.ReportReset();
        await _rig.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Contains("state.path", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);
        Assert.Equal("journal", _rig.View.Held?.Kind);
        Assert.Empty(_rig.Done);

        File.Delete(_rig.State);
        await _rig.PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(["reset-device"], _rig.Done);
    }

    [Fact]
    public async Task An_unknown_outcome_stops_everything_until_a_person_says_that_it_was_looked_at()
    {
        _rig.Actions["reset-device"].Runs = (_, _) => Task.FromResult(ActionResult.Unknown("It may have happened."));
        _rig.ReportReset();
        _rig.ReportUnit();
        await _rig.PassAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(["reset-device"], _rig.Done); // the unit waits too
        Assert.Equal("unknown", _rig.View.Held?.Kind);
        var operation = _rig.View.History.Open!.Id;

        var refused = _rig.Orders.AcknowledgeAsync("another");
        var looked = _rig.Orders.AcknowledgeAsync(operation);
        await _rig.TurnAsync();
        Assert.NotNull(await refused);
        Assert.Null(await looked);
        await _rig.PassAsync(TimeSpan.FromMinutes(11));

        Assert.Equal(["reset-device", "restart-unit", "reboot"], _rig.Done);
    }

    [Fact]
    public async Task What_did_not_help_goes_on_to_the_next_rung()
    {
        _rig.Actions["reset-device"].Runs = (_, _) =>
        {
            _rig.Time.Advance(TimeSpan.FromSeconds(10));
            return Task.FromResult(ActionResult.Done("reset"));
        };
        _rig.ReportReset();
        await _rig.TurnAsync();
        _rig.Time.Advance(TimeSpan.FromSeconds(20));
        _rig.ReportReset(); // it is back
        await _rig.TurnAsync();
        Assert.Equal(false, _rig.View.History.Records.Single().Helped);
        Assert.Contains("seen again", _rig.View.History.Records.Single().Verified, StringComparison.Ordinal);

        await _rig.PassAsync(TimeSpan.FromMinutes(11)); // limits.spacing

        Assert.Equal(["reset-device", "reboot"], _rig.Done);
    }

    [Fact]
    public async Task What_nothing_shows_to_have_helped_within_its_time_did_not_help()
    {
        _rig.ReportReset(); // nobody says that it is over
        await _rig.PassAsync(TimeSpan.FromMinutes(9));
        Assert.Null(_rig.View.History.Records.Single().Helped);

        await _rig.PassAsync(TimeSpan.FromMinutes(1) + TimeSpan.FromSeconds(1));

        Assert.Equal(false, _rig.View.History.Records.First().Helped);
        Assert.Contains("Within 10m nothing showed that it helped", _rig.View.History.Records.First().Verified, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("next", "reboot")]
    [InlineData("wait", "")]
    public async Task A_rung_that_stays_impossible_is_passed_over_only_where_the_policy_says_so(string when, string then)
    {
        _rig.Policy = Read($"ladders:\n  - {{ name: a, actions: [reset-device], rungs: [{{ do: reset-device, whenImpossible: {when} }}, {{ do: reboot }}] }}\n");
        _rig.Actions["reset-device"].Prepares = _ => Preparation.NotPossible("a process holds it.");
        _rig.ReportReset();
        await _rig.PassAsync(TimeSpan.FromSeconds(50));
        Assert.Empty(_rig.Done);
        Assert.Equal((PlanState.Blocked, "a process holds it."), (_rig.Plan("nvidia.xid.95").State, _rig.Plan("nvidia.xid.95").Why));

        await _rig.PassAsync(TimeSpan.FromMinutes(12));

        Assert.Equal(then.Length > 0 ? [then] : [], _rig.Done);
    }

    [Fact]
    public async Task Nothing_is_moved_away_for_a_rung_that_is_not_possible_and_a_device_drain_knows_its_reset_group()
    {
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        _rig.Actions["reset-device"].Prepares = _ => Preparation.NotPossible("no driver.");
        _rig.ReportReset();
        await _rig.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(_rig.Done);

        _rig.Actions["reset-device"].Prepares = _ => new Preparation(null, ["GPU-a", "GPU-b"], ActionProof.None, []);
        await _rig.PassAsync(TimeSpan.FromSeconds(15));

        Assert.Equal(["drain", "reset-device"], _rig.Done);
        Assert.Equal(["GPU-a", "GPU-b"], _rig.Actions["drain"].Last!.ResetGroup);
        Assert.Equal(["reset-device"], _rig.Evidence);
    }

    [Fact]
    public async Task A_drain_that_stays_impossible_is_given_up_at_its_deadline_and_the_node_is_given_back()
    {
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        _rig.ReportXid79();
        _rig.Actions["drain"].Prepares = _ => Preparation.NotPossible("a pod may not be moved.");
        await _rig.PassAsync(TimeSpan.FromMinutes(44));
        Assert.Equal(["cordon"], _rig.Done);
        Assert.Equal("a pod may not be moved.", _rig.Plan("nvidia.xid.79").Why);

        await _rig.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(["cordon", "uncordon"], _rig.Done);
    }

    [Fact]
    public async Task Everybody_must_grant_and_a_refusal_is_said_and_asked_again()
    {
        var (one, other) = (new FakeGrants(), new FakeGrants { Refusal = "another node has the lease." });
        _rig.Grants.AddRange([one, other]);
        _rig.ReportReset();
        await _rig.TurnAsync();
        Assert.Equal((PlanState.Blocked, "another node has the lease."), (_rig.Plan("nvidia.xid.95").State, _rig.Plan("nvidia.xid.95").Why));
        Assert.Equal((0, 1), (one.Held, other.Asked)); // what one gave was given back
        await _rig.PassAsync(TimeSpan.FromSeconds(29));
        Assert.Equal(1, other.Asked);

        other.Refusal = null;
        await _rig.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(["reset-device"], _rig.Done);
        Assert.Equal((1, 1), (one.Held, other.Held)); // until it is verified
        _rig.Health.ReportReset(Subject.Device(TestGpus.Id(0)), "reset");
        await _rig.PassAsync(TimeSpan.FromSeconds(31));
        Assert.Equal((0, 0), (one.Held, other.Held));
    }

    [Fact]
    public async Task A_grant_that_is_lost_ends_the_act()
    {
        var grants = new FakeGrants();
        _rig.Grants.Add(grants);
        _rig.Actions["reset-device"].Runs = async (_, stop) =>
        {
            await grants.Lost.CancelAsync();
            return ActionResult.Unknown(stop.IsCancellationRequested ? "stopped" : "not stopped");
        };
        _rig.ReportReset();

        await _rig.TurnAsync();

        Assert.Equal("stopped", _rig.View.History.Records.Single().Result?.Says);
    }

    [Fact]
    public async Task Nobody_is_asked_for_what_is_not_possible_and_a_grant_is_kept_while_the_node_boots()
    {
        var grants = new FakeGrants();
        _rig.Grants.Add(grants);
        _rig.Actions["reboot"].Prepares = _ => Preparation.NotPossible("an upgrade blocks it.");
        _rig.ReportXid79();
        await _rig.PassAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, grants.Asked);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(EngineRig.Stop);
        _rig.Actions["reboot"].Prepares = _ => Preparation.Ready(new ActionProof(ProofKind.BootId, "boot-1"));
        _rig.Actions["reboot"].Runs = async (_, stop) =>
        {
            await end.CancelAsync();
            await Task.Delay(Timeout.Infinite, stop);
            return ActionResult.Done("never");
        };
        _rig.Time.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _rig.Engine().RunAsync(end.Token));

        Assert.Equal((1, 1), (grants.Asked, grants.Held)); // another node must not boot meanwhile
    }

    [Fact]
    public async Task A_boot_leaves_its_intent_to_the_next_boot_which_settles_verifies_and_uncordons()
    {
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        using var end = CancellationTokenSource.CreateLinkedTokenSource(EngineRig.Stop);
        _rig.Actions["reboot"].Prepares = _ => Preparation.Ready(new ActionProof(ProofKind.BootId, _rig.BootId));
        _rig.Actions["reboot"].Resolves = step => step.Proof.Before == _rig.BootId ? ActionResult.Unknown("no boot") : ActionResult.Done("booted");
        _rig.Actions["reboot"].Runs = async (_, stop) =>
        {
            await end.CancelAsync(); // the host ends the agent
            await Task.Delay(Timeout.Infinite, stop);
            return ActionResult.Done("never");
        };
        _rig.ReportXid79();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _rig.TurnAsync(end.Token));
        Assert.Equal(StepState.Intended, _rig.Journal.History.Records[^1].State);

        _rig.Restart("boot-2", keeps: false);
        await _rig.TurnAsync();
        Assert.Equal(ActionOutcome.Done, _rig.View.History.Records[2].Result?.Outcome);
        await _rig.PassAsync(TimeSpan.FromMinutes(2) + TimeSpan.FromSeconds(2));

        Assert.Equal(["cordon", "drain", "reboot", "uncordon"], _rig.Done);
        Assert.True(_rig.View.History.Records[2].Helped);
        Assert.Null(_rig.View.History.Open);
    }

    [Fact]
    public async Task A_boot_that_the_host_took_and_that_does_not_come_is_settled_at_its_deadline()
    {
        _rig.Actions["reboot"].Runs = (_, _) => Task.FromException<ActionResult>(new OperationCanceledException());
        _rig.ReportXid79();

        var turn = _rig.TurnAsync();
        await _rig.Time.WhenWaitingAsync(TimeSpan.FromMinutes(45));
        Assert.False(turn.IsCompleted);
        _rig.Time.Advance(TimeSpan.FromMinutes(45));
        await turn;

        Assert.Equal(ActionOutcome.Unknown, _rig.View.History.Records.Single().Result?.Outcome);
    }

    [Fact]
    public async Task The_end_of_the_agent_in_an_act_leaves_the_intent_to_proof()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(EngineRig.Stop);
        _rig.Actions["reset-device"].Runs = async (_, _) =>
        {
            await end.CancelAsync();
            return ActionResult.Unknown("not waited for");
        };
        _rig.Actions["reset-device"].Resolves = _ => ActionResult.Done("It happened, systemd says.");
        _rig.ReportReset();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _rig.TurnAsync(end.Token));

        _rig.Restart();
        await _rig.TurnAsync();

        Assert.Equal(["reset-device"], _rig.Done);
        Assert.Equal("It happened, systemd says.", _rig.View.History.Records.Single().Result?.Says);
    }

    [Fact]
    public async Task An_act_that_never_comes_back_is_unknown_after_its_deadline()
    {
        _rig.Actions["reset-device"].Runs = (_, _) => new TaskCompletionSource<ActionResult>().Task;
        _rig.ReportReset();

        var turn = _rig.TurnAsync();
        await _rig.Time.WhenWaitingAsync(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(30));
        _rig.Time.Advance(TimeSpan.FromMinutes(6));
        await turn;

        Assert.Equal(ActionOutcome.Unknown, _rig.View.History.Records.Single().Result?.Outcome);
        Assert.Contains("has not come back within 5m", _rig.View.History.Records.Single().Result?.Says, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file", "/var/run/deploying is there (blockingFiles of the policy).")]
    [InlineData("problem", "storage.slow stands on node (blockingProblems of the policy).")]
    [InlineData("source", "pod a/b must not be disturbed.")]
    public async Task Whatever_blocks_is_said_and_a_unit_is_restarted_all_the_same(string kind, string says)
    {
        _rig.Policy = _rig.Policy with { BlockingFiles = ["/var/run/deploying"], BlockingProblems = ["storage.*"] };
        Directory.CreateDirectory(_rig.Combine("host/var/run"));
        if (kind == "file")
            await File.WriteAllTextAsync(_rig.Combine("host/var/run/deploying"), "", EngineRig.Stop);
        if (kind == "problem")
            _rig.Report("storage.slow", Subject.Node, SuggestedAction.Observe);
        if (kind == "source")
            _rig.Standing.Now = new NodeStanding { Blockers = ["pod a/b must not be disturbed."] };
        _rig.ReportReset();
        _rig.ReportUnit();

        await _rig.PassAsync(TimeSpan.FromMinutes(2));

        Assert.Equal((PlanState.Blocked, says), (_rig.Plan("nvidia.xid.95").State, _rig.Plan("nvidia.xid.95").Why));
        Assert.Equal(["restart-unit"], _rig.Done);
    }

    [Fact]
    public async Task On_a_control_plane_node_a_person_decides()
    {
        Directory.CreateDirectory(_rig.Combine("host/etc/kubernetes/manifests"));
        await File.WriteAllTextAsync(_rig.Combine("host/etc/kubernetes/manifests/kube-apiserver.yaml"), "", EngineRig.Stop);
        _rig.ReportReset();

        await _rig.TurnAsync();

        Assert.Empty(_rig.Done);
        Assert.Equal(PlanState.NeedsApproval, _rig.Plan("nvidia.xid.95").State);
        Assert.Contains("kube-apiserver.yaml", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_kubelet_and_nobody_who_moves_pods_only_a_device_that_no_pod_holds_is_reset()
    {
        Directory.CreateDirectory(_rig.Combine("kubelet"));
        _rig.KubeletRoots = [_rig.Combine("kubelet")];
        _rig.ReportReset();
        await _rig.TurnAsync();
        Assert.Contains("nobody who can move its pods", _rig.Plan("nvidia.xid.95").Why, StringComparison.Ordinal);

        _rig.Pods.Publish("k", PodResourcesSnapshot.Of(_rig.Time.GetUtcNow(), [new HeldUnit("acme.com/gpu", TestGpus.Id(0), new PodHolder("n", "p", "c"))], [("n", "p")], []));
        await _rig.TurnAsync();
        Assert.Empty(_rig.Done);

        _rig.Pods.Publish("k", PodResourcesSnapshot.Of(_rig.Time.GetUtcNow(), [], [], []));
        await _rig.TurnAsync();
        Assert.Equal(["reset-device"], _rig.Done);
    }

    [Fact]
    public async Task A_backlog_is_not_worked_off()
    {
        await _rig.Orders.PauseAsync(Now(), null, "");
        for (var device = 0; device < 4; device++)
            _rig.ReportReset(device);
        await _rig.TurnAsync();
        _rig.Time.Advance(TimeSpan.FromHours(25));
        await _rig.Orders.ResumeAsync();

        await _rig.PassAsync(TimeSpan.FromMinutes(30));

        Assert.Empty(_rig.Done);
        Assert.All(_rig.View.Plan.Problems, plan => Assert.Equal(PlanState.NeedsApproval, plan.State));
        _rig.ReportReset(2); // it is seen again: that one is fresh
        await _rig.TurnAsync();
        Assert.Equal(["reset-device"], _rig.Done);
    }

    [Theory]
    [InlineData(+2)]
    [InlineData(-2)]
    public async Task A_clock_that_is_set_neither_shortens_nor_lengthens_a_cooldown_nor_a_hold_and_does_nothing_twice(int days)
    {
        _rig.Policy = Read("limits: { spacing: 0s, disruptive: 100 }\nladders:\n  - { name: a, actions: [reset-device], persists: 1m, rungs: [{ do: reset-device, cooldown: 30m, attempts: 5, stable: 0s }] }\n");
        await _rig.TurnAsync();
        _rig.ReportReset();
        await _rig.PassAsync(TimeSpan.FromSeconds(30));
        _rig.Time.Jump(TimeSpan.FromDays(days));
        await _rig.PassAsync(TimeSpan.FromSeconds(29));
        Assert.Empty(_rig.Done); // the hold is a minute, whatever the wall says

        await _rig.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["reset-device"], _rig.Done);
        _rig.Health.ReportReset(Subject.Device(TestGpus.Id(0)), "reset");
        await _rig.PassAsync(TimeSpan.FromSeconds(2));
        _rig.Time.Jump(TimeSpan.FromDays(days));
        _rig.ReportReset();
        await _rig.PassAsync(TimeSpan.FromMinutes(29));
        Assert.Single(_rig.Done);

        _rig.ReportReset();
        await _rig.PassAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _rig.Done.Count);
    }

    [Fact]
    public async Task What_changes_while_evidence_is_kept_is_seen_before_the_act()
    {
        _rig.DuringEvidence = () => _rig.Standing.Now = new NodeStanding { Blockers = ["pod a/b has just come."] };
        _rig.ReportReset();

        await _rig.TurnAsync();

        Assert.Equal(["reset-device"], _rig.Evidence);
        Assert.Empty(_rig.Done);
        Assert.Equal("pod a/b has just come.", _rig.Plan("nvidia.xid.95").Why);
        Assert.Empty(_rig.View.History.Records);
    }

    [Fact]
    public async Task A_drained_node_is_given_back_only_when_the_policys_tests_pass()
    {
        _rig.Policy = Read("""
            tests: [{ name: gpu-diag, run: [/usr/bin/diag], within: 1m }]
            beforeReturn: [gpu-diag]
            ladders:
              - { name: a, actions: [reboot], rungs: [{ do: reboot, drain: node, stable: 1s }] }
            """);
        var test = new FakeProbe("gpu-diag") { Verdict = new Verdict(VerdictKind.Bad, "Test gpu-diag did not pass.") };
        _rig.Probes["gpu-diag"] = test;
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        _rig.Actions["reboot"].Runs = (_, _) =>
        {
            _rig.Health.Clear("nvidia.xid.79", Subject.Device(TestGpus.Id(0)));
            return Task.FromResult(ActionResult.Done("booted"));
        };
        _rig.ReportXid79();

        await _rig.PassAsync(TimeSpan.FromSeconds(5));

        var act = _rig.View.History.Records[2];
        Assert.Equal((false, 1), (act.Helped, test.Asked)); // once: it costs something
        Assert.Contains("did not pass", act.Verified, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_engine_on_the_same_journal_does_nothing()
    {
        await using var other = new EngineRig();
        _rig.ReportReset();
        await _rig.TurnAsync();
        Assert.Single(_rig.Done);
        using var journal = new AIInfra.Core.Remediation.Journal.RemediationJournal(_rig.State, TimeProvider.System, new RecordedLog<AIInfra.Core.Remediation.Journal.RemediationJournal>());

        Assert.Contains("locked by another process", await journal.RecoverAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mode_off_opens_no_journal_and_plans_nothing()
    {
        _rig.Mode = RemediationMode.Off;
        _rig.ReportReset();

        await _rig.PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal((PlanState.NotNeeded, "remediation.mode is off."), (_rig.Plan("nvidia.xid.95").State, _rig.Plan("nvidia.xid.95").Why));
        Assert.False(File.Exists(Path.Combine(_rig.State, "journal.db")));
    }

    [Fact]
    public async Task A_step_is_a_span_with_what_became_of_it()
    {
        List<Activity> spans = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AIInfra.Remediation",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                lock (spans)
                    spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
        _rig.Report("test.of-spans", Subject.Device(TestGpus.Id(3)), SuggestedAction.ResetDevice);
        _rig.Actions["reset-device"].Runs = (_, _) => Task.FromResult(ActionResult.Failed("it did not"));

        await _rig.TurnAsync();

        lock (spans)
        {
            var span = spans.Single(span => (string?)span.GetTagItem("remediation.problem") == "test.of-spans");
            Assert.Equal(("reset-device", "Failed", ActivityStatusCode.Error), (span.OperationName, span.GetTagItem("remediation.outcome"), span.Status));
        }
    }

    [Fact]
    public async Task A_new_problem_is_seen_without_waiting_for_a_beat()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(EngineRig.Stop);
        var run = _rig.Engine().RunAsync(end.Token);
        await _rig.Time.WhenWaitingAsync(TimeSpan.FromSeconds(30)); // nothing to do
        _rig.Time.Advance(TimeSpan.FromSeconds(1));

        _rig.ReportReset();

        await Eventually(() => _rig.Done.Count == 1);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task A_board_that_changes_all_the_time_postpones_nothing()
    {
        var (beat, hold) = (TimeSpan.FromMilliseconds(250), Minute);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(EngineRig.Stop);
        var run = _rig.Engine().RunAsync(end.Token);
        await _rig.Time.WhenWaitingAsync(TimeSpan.FromSeconds(30));
        _rig.Time.Advance(beat);
        _rig.ReportUnit();
        var started = _rig.Time.GetTimestamp();
        for (var left = hold; left > TimeSpan.Zero; left = hold - _rig.Time.GetElapsedTime(started))
        {
            await _rig.Time.WhenWaitingAsync(left < TimeSpan.FromSeconds(5) ? left + TimeSpan.FromMilliseconds(1) : TimeSpan.FromSeconds(5));
            Assert.Empty(_rig.Done);
            _rig.Report("test.noise", Subject.Device($"GPU-{left.Ticks}"), SuggestedAction.Observe);
            await _rig.Time.WhenWaitingAsync(beat);
            _rig.Time.Advance(beat);
        }

        await Eventually(() => _rig.Done.Count == 1); // the hold is over: no time has to pass
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public async Task A_moments_trouble_costs_a_second_and_lasting_trouble_is_looked_at_ever_more_seldom()
    {
        var looks = 0;
        _rig.Actions["restart-unit"].Prepares = _ => ++looks > 1 ? Preparation.Ready(new ActionProof(ProofKind.Level, "")) : Preparation.NotPossible("systemd did not answer in time.");
        _rig.Actions["reset-device"].Prepares = _ => Preparation.NotPossible("a process holds it.");
        await _rig.TurnAsync();
        _rig.ReportUnit();
        await _rig.PassAsync(Minute);
        Assert.Empty(_rig.Done);
        await _rig.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["restart-unit"], _rig.Done);
        Assert.Equal(2, looks);

        _rig.Health.ReportHealthy("kubelet.unhealthy", new Subject(SubjectKind.Unit, "kubelet"), "well");
        await _rig.PassAsync(TimeSpan.FromSeconds(3));
        var seldom = 0;
        _rig.Actions["reset-device"].Prepares = _ =>
        {
            seldom++;
            return Preparation.NotPossible("a process holds it.");
        };
        _rig.ReportReset();
        await _rig.TurnAsync();
        _rig.Time.Jump(TimeSpan.FromHours(-1)); // that holds nothing up
        await _rig.PassAsync(TimeSpan.FromSeconds(50));

        Assert.Equal(9, seldom); // at 0, 1, 2, 4, 8, 16, 26, 36 and 46 s
    }

    private static async Task Eventually(Func<bool> isSo)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(EngineRig.Stop);
        late.CancelAfter(TimeSpan.FromSeconds(30));
        while (!isSo())
            await Task.Delay(10, late.Token);
    }

    private PlanTime Now() => new(_rig.Time.GetUtcNow(), _rig.BootId, _rig.Time.GetElapsedTime(0, _rig.Time.GetTimestamp()));
}
