using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>What vendors say is the least action, and what the built-in policy makes of it; and the rules that no other test shows.</summary>
public sealed class RemediationFactTests : IAsyncLifetime
{
    private readonly EngineRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData("nvidia.xid.13", SuggestedAction.TellPod, "")]
    [InlineData("nvidia.xid.31", SuggestedAction.None, "")]
    [InlineData("x.observed", SuggestedAction.Observe, "")]
    [InlineData("nvidia.row-remap-pending", SuggestedAction.ResetDevice, "reset-device")]
    [InlineData("nvidia.recovery-action", SuggestedAction.ResetDevice, "reset-device, reboot, request-replacement")]
    [InlineData("nvidia.recovery-action", SuggestedAction.Reboot, "reboot, request-replacement")]
    [InlineData("nvidia.recovery-action", SuggestedAction.Drain, "drain")]
    [InlineData("nvidia.recovery-action", SuggestedAction.RestartService, "restart-unit")]
    [InlineData("nvidia.xid.79", SuggestedAction.Reboot, "reboot, request-replacement")]
    [InlineData("nvidia.gpu-lost", SuggestedAction.ResetDevice, "reboot, request-replacement")] // off the bus: no reset
    [InlineData("nvidia.bad-board", SuggestedAction.Replace, "request-replacement")]
    public void Each_hint_has_its_least_action_and_what_follows(string id, SuggestedAction action, string rungs)
    {
        var ladder = TestActions.BuiltIn.LadderFor(TestActions.Problem(id, Subject.Device("GPU-0"), action, TestActions.Start));

        Assert.Equal(rungs, string.Join(", ", ladder?.Rungs.Select(rung => rung.Action) ?? []));
    }

    [Fact]
    public async Task A_pending_remap_waits_until_no_pod_holds_the_device()
    {
        Directory.CreateDirectory(_rig.Combine("kubelet"));
        _rig.KubeletRoots = [_rig.Combine("kubelet")];
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        _rig.Pods.Publish("k", AIInfra.Core.Sharing.PodResourcesSnapshot.Of(_rig.Time.GetUtcNow(), [new("acme.com/gpu", TestGpus.Id(0), new("n", "p", "c"))], [("n", "p")], []));
        _rig.Report("nvidia.row-remap-pending", Subject.Device(TestGpus.Id(0)), SuggestedAction.ResetDevice);
        await _rig.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Empty(_rig.Done);
        Assert.Equal("a pod holds the device; it waits until that has ended.", _rig.Plan("nvidia.row-remap-pending").Why);

        _rig.Pods.Publish("k", AIInfra.Core.Sharing.PodResourcesSnapshot.Of(_rig.Time.GetUtcNow(), [], [], []));
        await _rig.PassAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(["drain", "reset-device"], _rig.Done);
    }

    [Fact]
    public async Task What_comes_back_again_and_again_within_a_day_is_a_persons()
    {
        _rig.Policy = _rig.Policy with { Limits = _rig.Policy.Limits with { RepeatsPerDay = 2 } };
        await _rig.TurnAsync();
        for (var time = 0; time < 3; time++)
        {
            _rig.ReportUnit();
            await _rig.PassAsync(TimeSpan.FromSeconds(61));
            _rig.Health.ReportHealthy("kubelet.unhealthy", new Subject(SubjectKind.Unit, "kubelet"), "well");
            await _rig.PassAsync(TimeSpan.FromMinutes(6));
        }
        _rig.ReportUnit();
        await _rig.PassAsync(TimeSpan.FromSeconds(61));

        Assert.Equal(2, _rig.Done.Count);
        Assert.Equal((PlanState.NeedsApproval, true), (_rig.Plan("kubelet.unhealthy").State, _rig.Plan("kubelet.unhealthy").Why.StartsWith("it was mended 2 times within a day", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_boot_that_the_host_wants_waits_for_a_person()
    {
        _rig.Report("host.reboot-required", Subject.Node, SuggestedAction.Observe, Clearing.OnHealthyReading);

        await _rig.TurnAsync();

        Assert.Empty(_rig.Done);
        Assert.Equal((PlanState.NeedsApproval, "reboot"), (_rig.Plan("host.reboot-required").State, _rig.Plan("host.reboot-required").Action));
    }

    [Fact]
    public async Task What_follows_from_another_problem_is_not_mended_by_itself()
    {
        _rig.Health.Report(TestGpus.Fatal(TestGpus.Id(0)) with { Id = "nvidia.xid.79", Action = SuggestedAction.Reboot, Rank = 900, At = _rig.Time.GetUtcNow() });
        _rig.Health.Report(TestGpus.Fatal(TestGpus.Id(0)) with { Id = "nvidia.xid.95", Action = SuggestedAction.ResetDevice, Rank = 100, At = _rig.Time.GetUtcNow() });

        await _rig.TurnAsync();

        Assert.Equal("follows from nvidia.xid.79.", _rig.Plan("nvidia.xid.95").Why);
        Assert.Equal(["reboot"], _rig.Done);
    }

    [Fact]
    public async Task Taking_a_cordon_back_needs_no_grant_and_no_budget()
    {
        var grants = new FakeGrants();
        _rig.Grants.Add(grants);
        _rig.Standing.Now = new NodeStanding { Moves = PodMoves.Able };
        _rig.Policy = _rig.Policy with { Limits = _rig.Policy.Limits with { Disruptive = 1 } };
        _rig.Actions["drain"].Runs = (_, _) => Task.FromResult(ActionResult.Failed("a pod did not go."));
        _rig.Actions["cordon"].Runs = (_, _) =>
        {
            grants.Refusal = "the breaker is open.";
            return Task.FromResult(ActionResult.Done("cordoned"));
        };
        _rig.ReportXid79();

        await _rig.PassAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(["cordon", "drain", "uncordon"], _rig.Done);
    }
}
