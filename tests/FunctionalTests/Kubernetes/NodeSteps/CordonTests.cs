using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

public sealed class CordonTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_agent_cordoned_it_uncordons_and_leaves_no_mark()
    {
        await using var rig = await NodeStepRig.StartAsync();
        var prepared = await rig.Cordon.PrepareAsync(NodeStepRig.Step("cordon"), Stop);

        var cordoned = await rig.CordonAsync();

        Assert.Equal((null, ProofKind.Level), (prepared.WhyNot, prepared.Proof.Kind));
        Assert.Equal(ActionOutcome.Done, cordoned.Outcome);
        Assert.True(await rig.IsCordonedAsync());
        Assert.Contains(NodeStepRig.Operation, await rig.AnnotationAsync(AgentMark.Cordoned), StringComparison.Ordinal);
        await rig.EventuallyAsync(async () => (await rig.TaintsAsync()).Contains("node.kubernetes.io/unschedulable:NoSchedule"), "the cluster taints a cordoned node");

        Assert.Equal(ActionOutcome.Done, (await rig.UncordonAsync()).Outcome);
        Assert.False(await rig.IsCordonedAsync());
        Assert.Null(await rig.AnnotationAsync(AgentMark.Cordoned));
    }

    [Fact]
    public async Task A_cordon_by_a_person_is_never_taken_back()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.Server.KubectlAsync("cordon", ApiServerPeer.Node);

        var cordoned = await rig.CordonAsync();
        var uncordoned = await rig.UncordonAsync();

        Assert.Equal(ActionOutcome.Done, cordoned.Outcome);
        Assert.Contains("by somebody else", cordoned.Says, StringComparison.Ordinal);
        Assert.Equal(ActionOutcome.NotPossible, uncordoned.Outcome);
        Assert.True(await rig.IsCordonedAsync());
    }

    [Fact]
    public async Task A_cordon_of_another_operation_is_not_taken_back()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.CordonAsync("000000000001");

        var result = await rig.UncordonAsync("000000000002");

        Assert.Equal(ActionOutcome.NotPossible, result.Outcome);
        Assert.Contains("000000000001", result.Says, StringComparison.Ordinal);
        Assert.True(await rig.IsCordonedAsync());
    }

    [Fact]
    public async Task Whoever_uncordons_has_the_last_word_until_the_problem_is_over()
    {
        await using var rig = await NodeStepRig.StartAsync();
        rig.Reporting.Report(NodeStepRig.Problem, 3);
        var standing = new ClusterStanding(rig.Cluster, rig.Reporting.NodePods, new NodeStepOptions(true, [], null), null);
        await rig.CordonAsync();
        Assert.False(standing.Look(new() { Ladders = [] }, rig.Reporting.Health.Current.Value.Problems).WasUncordoned);

        await rig.Server.KubectlAsync("uncordon", ApiServerPeer.Node);

        await rig.EventuallyAsync(async () => await rig.AnnotationAsync(AgentMark.Undone) is not null, "the undoing is noted");
        Assert.True(standing.Look(new() { Ladders = [] }, rig.Reporting.Health.Current.Value.Problems).WasUncordoned);
        Assert.Equal(ActionOutcome.NotPossible, (await rig.UncordonAsync()).Outcome);
        var again = await rig.CordonAsync("000000000002");
        Assert.Equal(ActionOutcome.NotPossible, again.Outcome);
        Assert.Contains("Somebody uncordoned", again.Says, StringComparison.Ordinal);
        Assert.Contains("Somebody uncordoned", (await rig.Cordon.PrepareAsync(NodeStepRig.Step("cordon", operation: "000000000002"), Stop)).WhyNot, StringComparison.Ordinal);
        Assert.False(await rig.IsCordonedAsync());
        Assert.Contains(rig.Reporting.Log.All, line => line.Contains("Somebody uncordoned", StringComparison.Ordinal));

        rig.Reporting.Health.ReportHealthy(NodeStepRig.Problem, Subject.Device(TestGpus.Id(3)), "reads well");
        await rig.EventuallyAsync(async () => await rig.AnnotationAsync(AgentMark.Undone) is null, "the problem is over");
        Assert.Equal(ActionOutcome.Done, (await rig.CordonAsync("000000000003")).Outcome);
    }

    [Fact]
    public async Task A_cordon_that_a_person_sets_after_taking_ours_back_stays()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.CordonAsync();
        await rig.Server.KubectlAsync("uncordon", ApiServerPeer.Node);
        await rig.EventuallyAsync(async () => await rig.AnnotationAsync(AgentMark.Cordoned) is null, "the undoing is noted");
        await rig.Server.KubectlAsync("cordon", ApiServerPeer.Node);

        Assert.Equal(ActionOutcome.NotPossible, (await rig.UncordonAsync()).Outcome);
        Assert.True(await rig.IsCordonedAsync());
    }

    [Theory]
    [InlineData("""{"status":409}""")]
    [InlineData("""{"status":500}""")]
    [InlineData("""{"status":503,"retryAfter":1}""")]
    [InlineData("""{"reset":true}""")]
    [InlineData("""{"cutAfter":0}""")] // it was taken, and the answer is lost
    public async Task A_write_that_fails_or_whose_answer_is_lost_is_made_sure_of(string fault)
    {
        await using var rig = await NodeStepRig.StartAsync();
        foreach (var step in (Func<Task<ActionResult>>[])[() => rig.CordonAsync(), () => rig.UncordonAsync()])
        {
            await rig.Server.AskAsync($$$"""{"command":"fault","match":{"method":"PATCH","path":"/nodes/node-1$"},"times":2,"then":{{{fault}}}}""");

            var result = await step();

            Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        }
        Assert.False(await rig.IsCordonedAsync());
        Assert.Null(await rig.AnnotationAsync(AgentMark.Cordoned));
    }

    [Fact]
    public async Task A_change_by_somebody_else_between_look_and_write_is_not_lost()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.Server.AskAsync("""{"command":"fault","match":{"method":"PATCH","path":"/nodes/node-1$","userAgent":"aiinfra"},"times":1,"then":{"delay":700}}""");
        var cordoning = rig.CordonAsync();
        await rig.Server.KubectlAsync("taint", "node", ApiServerPeer.Node, "example.com/mine=yes:NoSchedule");

        Assert.Equal(ActionOutcome.Done, (await cordoning).Outcome);
        Assert.Contains("example.com/mine:NoSchedule", await rig.TaintsAsync());
    }

    [Fact]
    public async Task Killed_around_the_write_it_is_found_out_by_looking()
    {
        await using var rig = await NodeStepRig.StartAsync();
        var (cordon, uncordon) = (NodeStepRig.Step("cordon"), NodeStepRig.Step("uncordon"));

        Assert.Equal(ActionOutcome.Failed, (await rig.Cordon.ResolveAsync(cordon, Stop)).Outcome);
        await rig.CordonAsync();
        Assert.Equal(ActionOutcome.Done, (await rig.Cordon.ResolveAsync(cordon, Stop)).Outcome);
        Assert.Equal(ActionOutcome.Failed, (await rig.Uncordon.ResolveAsync(uncordon, Stop)).Outcome);
        await rig.UncordonAsync();
        Assert.Equal(ActionOutcome.Done, (await rig.Uncordon.ResolveAsync(uncordon, Stop)).Outcome);
    }

    [Fact]
    public async Task A_taint_is_set_for_a_problem_and_taken_off_when_it_is_over()
    {
        await using var rig = await NodeStepRig.StartAsync();
        rig.Reporting.Report(NodeStepRig.Problem, 3);
        var step = NodeStepRig.Step("taint", DrainScope.None, arguments: "aiinfra.io/slow=disk:PreferNoSchedule");
        await rig.Server.KubectlAsync("taint", "node", ApiServerPeer.Node, "example.com/mine=yes:NoSchedule");

        Assert.Equal(ActionOutcome.Done, (await rig.Taint.RunAsync(step, Stop)).Outcome);
        Assert.Equal(["aiinfra.io/slow:PreferNoSchedule", "example.com/mine:NoSchedule"], await rig.TaintsAsync());
        Assert.Equal(ActionOutcome.Done, (await rig.Taint.ResolveAsync(step, Stop)).Outcome);

        await rig.Server.KubectlAsync("taint", "node", ApiServerPeer.Node, "aiinfra.io/slow-");
        Assert.Equal(ActionOutcome.NotPossible, (await rig.Taint.RunAsync(step with { Operation = "000000000002" }, Stop)).Outcome);
        await rig.Server.KubectlAsync("taint", "node", ApiServerPeer.Node, "aiinfra.io/slow=disk:PreferNoSchedule");

        rig.Reporting.Health.ReportHealthy(NodeStepRig.Problem, Subject.Device(TestGpus.Id(3)), "reads well");
        await rig.EventuallyAsync(async () => (await rig.TaintsAsync()) is ["example.com/mine:NoSchedule"], "the taint goes with the problem");
    }
}
