using AIInfra.Core.Remediation;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Cluster;

/// <summary>The aggregator cordons, taints, drains and uncordons on the agent's behalf, with exactly the rights of deploy/kubernetes/aggregator-rbac.yaml.</summary>
public sealed class ClusterStepTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_is_cordoned_drained_within_its_budgets_and_given_back()
    {
        await using var rig = await ClusterRig.StartAsync();
        await rig.AddPodAsync("web-1", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("web-2", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("web-3", node: "node-2", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("elsewhere", node: "node-2");
        await rig.AddBudgetAsync("web", "web", "2");
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        Assert.Null(agent.Grants.Steps.WhyNot);
        await using var grant = await ClusterRig.GrantAsync(agent);

        var cordoned = await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon"));
        Assert.True(cordoned.Outcome == ActionOutcome.Done, cordoned.Says);
        Assert.True(await rig.IsCordonedAsync());
        var step = ClusterRig.Step("drain");
        var draining = ClusterRig.DoAsync(agent, step);
        await ClusterRig.EventuallyAsync(() => Task.FromResult(agent.Progress.Of(step.Id)?.Contains("The disruption budget web needs 2 healthy pods", StringComparison.Ordinal) == true), () => agent.Progress.Of(step.Id) ?? "no progress");
        await rig.AddPodAsync("web-4", node: "node-3", labels: "\"app\":\"web\""); // the replacement is ready
        var drained = await draining;
        Assert.True(drained.Outcome == ActionOutcome.Done, drained.Says);
        Assert.Equal(["elsewhere", "web-3", "web-4"], await rig.PodsAsync());
        var uncordoned = await ClusterRig.DoAsync(agent, ClusterRig.Step("uncordon"));

        Assert.True(uncordoned.Outcome == ActionOutcome.Done, uncordoned.Says);
        Assert.False(await rig.IsCordonedAsync());
        Assert.Equal(drained, await ClusterRig.DoAsync(agent, step)); // asked again it is not done again
        Assert.Equal(drained, await agent.Grants.Steps.LookAsync(step, Stop));
        Assert.Equal((3, 3), (await rig.CountAsync("step.begun"), await rig.CountAsync("step.ended")));
        Assert.Equal(0, await rig.Server.CountAsync("""{"status":"403"}"""));
    }

    [Fact]
    public async Task A_taint_is_set_and_goes_with_the_problem()
    {
        await using var rig = await ClusterRig.StartAsync();
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        agent.Report(ClusterRig.Problem, 3);
        var step = ClusterRig.Step("taint", DrainScope.None, arguments: "aiinfra.io/slow=disk:PreferNoSchedule");

        var result = await ClusterRig.DoAsync(agent, step);

        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Contains("aiinfra.io/slow", (await rig.Server.GetAsync("/api/v1/nodes/node-1")).GetProperty("spec").GetRawText(), StringComparison.Ordinal);
        agent.Clear(ClusterRig.Problem, 3);
        await ClusterRig.EventuallyAsync(async () => !(await rig.Server.GetAsync("/api/v1/nodes/node-1")).GetProperty("spec").GetRawText().Contains("aiinfra.io/slow", StringComparison.Ordinal), () => "the taint stays");
    }

    [Fact]
    public async Task Nothing_is_done_without_the_nodes_own_grant()
    {
        await using var rig = await ClusterRig.StartAsync();
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        await using var other = await rig.JoinAsync("node-2");
        await using var grant = await ClusterRig.GrantAsync(other);

        var result = await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon")); // the other's operation, and its name

        Assert.Equal((ActionOutcome.NotPossible, $"Operation {ClusterRig.Operation} has no grant."), (result.Outcome, result.Says));
        Assert.False(await rig.IsCordonedAsync());
        var wrong = await ClusterRig.DoAsync(other, ClusterRig.Step("drain", arguments: "everything=evict"));
        Assert.Contains("The arguments of drain are any of", wrong.Says, StringComparison.Ordinal);
        var missing = await ClusterRig.DoAsync(other, ClusterRig.Step("format-disk"));
        Assert.Contains("has no step format-disk", missing.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_who_uncordons_has_the_last_word()
    {
        await using var rig = await ClusterRig.StartAsync();
        await rig.AddPodAsync("web-1", annotations: "\"stand-in/stop-seconds\":\"never\"");
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        agent.Report(ClusterRig.Problem, 3);
        await using var grant = await ClusterRig.GrantAsync(agent);
        Assert.Equal(ActionOutcome.Done, (await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon"))).Outcome);
        var draining = ClusterRig.DoAsync(agent, ClusterRig.Step("drain"));
        await ClusterRig.EventuallyAsync(async () => await rig.EvictionsAsync(201) > 0, () => "the eviction was not taken");

        await rig.Server.KubectlAsync("uncordon", ApiServerPeer.Node);
        var result = await draining;

        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.Contains("Somebody uncordoned node node-1", result.Says, StringComparison.Ordinal);
        await ClusterRig.EventuallyAsync(async () => await rig.AnnotationAsync("aiinfra.io/uncordoned-by-others") is not null, () => "the mark is not changed");
        Assert.Null(await rig.AnnotationAsync("aiinfra.io/cordoned"));
        var again = await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon") with { Id = "another" });
        Assert.Contains("it is not cordoned again for that problem", again.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_pods_of_the_faulty_device_leave_where_that_is_enough()
    {
        await using var rig = await ClusterRig.StartAsync();
        await rig.AddPodAsync("faulty");
        await rig.AddPodAsync("neighbour");
        await rig.AddPodAsync("far", node: "node-2");
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        await using var grant = await ClusterRig.GrantAsync(agent, action: "drain", scope: DrainScope.Device);
        rig.Hold(ApiServerPeer.Node, (3, "faulty"), (4, "neighbour"), (3, "far")); // it lies: the last is another node's

        var result = await ClusterRig.DoAsync(agent, ClusterRig.Step("drain", DrainScope.Device));

        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Equal(["far", "neighbour"], await rig.PodsAsync());
    }

    [Theory]
    [InlineData("5", "done")] // the pod goes while nobody looks
    [InlineData("40", "done")] // the next aggregator waits for it
    public async Task Killed_between_the_eviction_and_the_outcome_the_next_one_goes_on_and_settles_it_once(string stopSeconds, string outcome)
    {
        await using var rig = await ClusterRig.StartAsync(starts: false);
        await rig.AddPodAsync("web-1", annotations: $"\"stand-in/stop-seconds\":\"{stopSeconds}\"");
        await rig.StartProcessAsync();
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        await using var grant = await ClusterRig.GrantAsync(agent);
        Assert.Equal(ActionOutcome.Done, (await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon"))).Outcome);
        var draining = ClusterRig.DoAsync(agent, ClusterRig.Step("drain", deadline: 120));
        await ClusterRig.EventuallyAsync(async () => await rig.EvictionsAsync(201) > 0, () => "the eviction was not taken");

        await rig.KillProcessAsync();
        await rig.StartProcessAsync();
        var result = await draining;

        Assert.True(Core.Metrics.Words.Of(result.Outcome) == outcome, result.Says);
        Assert.Equal((1, 2, 2), (await rig.CountAsync("step.taken-over"), await rig.CountAsync("step.begun"), await rig.CountAsync("step.ended")));
        Assert.Empty(await rig.PodsAsync());
        Assert.True(grant.IsHeld);
    }

    [Fact]
    public async Task A_grant_that_is_taken_back_stops_agent_and_drain_and_is_acknowledged()
    {
        await using var rig = await ClusterRig.StartAsync();
        await rig.AddPodAsync("web-1", annotations: "\"stand-in/stop-seconds\":\"never\"");
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        await using var grant = await ClusterRig.GrantAsync(agent);
        Assert.Equal(ActionOutcome.Done, (await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon"))).Outcome);
        var draining = ClusterRig.DoAsync(agent, ClusterRig.Step("drain"));
        await ClusterRig.EventuallyAsync(async () => await rig.EvictionsAsync(201) > 0, () => "the eviction was not taken");
        var started = TimeProvider.System.GetTimestamp();

        Assert.True(await rig.Controls.RevokeAsync(ApiServerPeer.Node, ClusterRig.Operation, "token test", "not today", Stop));
        await ClusterRig.EventuallyAsync(() => Task.FromResult(grant.Lost.IsCancellationRequested), () => "the grant is held");
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(5), "It took longer than a renewal.");
        var result = await draining;

        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.Contains("It was stopped: its grant was taken back.", result.Says, StringComparison.Ordinal);
        await ClusterRig.EventuallyAsync(async () => await rig.CountAsync("grant.revocation-taken") == 1, () => "it is not acknowledged");
        var uncordoned = await ClusterRig.DoAsync(agent, ClusterRig.Step("uncordon")); // giving back needs no grant
        Assert.True(uncordoned.Outcome == ActionOutcome.Done, uncordoned.Says);
    }

    [Fact]
    public async Task An_agent_that_wants_it_no_more_is_told_how_far_it_was()
    {
        await using var rig = await ClusterRig.StartAsync();
        await rig.AddPodAsync("web-1", annotations: "\"stand-in/stop-seconds\":\"never\"");
        await using var agent = await rig.JoinAsync(ApiServerPeer.Node);
        await using var grant = await ClusterRig.GrantAsync(agent);
        Assert.Equal(ActionOutcome.Done, (await ClusterRig.DoAsync(agent, ClusterRig.Step("cordon"))).Outcome);
        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var draining = agent.Grants.Steps.DoAsync(ClusterRig.Step("drain"), wanted.Token);
        await ClusterRig.EventuallyAsync(async () => await rig.EvictionsAsync(201) > 0, () => "the eviction was not taken");

        await wanted.CancelAsync();
        var result = await draining;

        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.Contains("default/web-1", result.Says, StringComparison.Ordinal);
    }
}
