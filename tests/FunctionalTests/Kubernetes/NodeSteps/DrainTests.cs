using AIInfra.Core.Remediation;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

public sealed class DrainTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_pods_that_can_be_moved_leave_and_the_others_stay()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web", spec: ""","volumes":[{"name":"shm","emptyDir":{"medium":"Memory"}}]""");
        await rig.AddPodAsync("train", owner: "Job");
        await rig.AddPodAsync("daemon", owner: "DaemonSet");
        await rig.AddPodAsync("static", owner: "Node", annotations: "\"kubernetes.io/config.mirror\":\"x\"");
        await rig.AddPodAsync("over", phase: "Succeeded");
        await rig.AddPodAsync("elsewhere", node: "node-2");
        await rig.CordonAsync();
        var prepared = await rig.Drain.PrepareAsync(NodeStepRig.Step("drain"), Stop);

        var result = await rig.Drain.RunAsync(NodeStepRig.Step("drain"), Stop);

        Assert.Equal(["default/train", "default/web"], prepared.Victims);
        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Contains("default/train, default/web", result.Says, StringComparison.Ordinal);
        Assert.Equal(["daemon", "elsewhere", "over", "static"], await rig.PodsAsync());
        Assert.DoesNotContain(rig.Reporting.Log.All, line => line.Contains("403", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_budget_is_waited_for_and_said()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("web-2", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("web-3", node: "node-2", labels: "\"app\":\"web\"");
        await rig.AddBudgetAsync("web", "web", "2");
        await rig.CordonAsync();
        var step = NodeStepRig.Step("drain");

        var draining = rig.StartDrainAsync(step);

        await rig.EventuallyAsync(() => Task.FromResult(rig.Progress.Of(step.Id)?.Contains("1 of 2 pods have left", StringComparison.Ordinal) == true
            || rig.Progress.Of(step.Id)?.Contains("The disruption budget web needs 2 healthy pods", StringComparison.Ordinal) == true), "the progress is said");
        await rig.AddPodAsync("web-4", node: "node-3", labels: "\"app\":\"web\""); // the replacement is ready
        var result = await draining;
        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Equal(["web-3", "web-4"], await rig.PodsAsync());
        Assert.InRange(await rig.EvictionsAsync(429), 1, 20);
    }

    [Fact]
    public async Task A_budget_that_never_lets_go_is_said_before_anything_is_done()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("db-0", labels: "\"app\":\"db\"");
        await rig.AddBudgetAsync("db", "db", "1");
        await rig.EventuallyAsync(async () => (await rig.Server.GetAsync("/apis/policy/v1/namespaces/default/poddisruptionbudgets/db")).GetProperty("status").TryGetProperty("expectedPods", out _), "the budget is counted");

        foreach (var action in (IRemediationAction[])[rig.Cordon, rig.Drain])
            Assert.Contains("Disruption budget default/db wants 1 of 1 pods", (await action.PrepareAsync(NodeStepRig.Step(action.Name), Stop)).WhyNot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("budget", "The disruption budget web needs 1 healthy pods")]
    [InlineData("finalizer", "finalizers example.com/wait")]
    [InlineData("never", "it should have ended")]
    public async Task A_drain_that_never_ends_ends_at_its_deadline_with_the_pods_that_hold_it(string what, string said)
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1", labels: "\"app\":\"web\"", metadata: what == "finalizer" ? ",\"finalizers\":[\"example.com/wait\"]" : "",
            annotations: what == "never" ? "\"stand-in/stop-seconds\":\"never\"" : "", spec: ",\"terminationGracePeriodSeconds\":1");
        if (what == "budget")
            await rig.AddBudgetAsync("web", "web", "1");
        await rig.AddPodAsync("other");
        await rig.CordonAsync();

        var result = await rig.Drain.RunAsync(NodeStepRig.Step("drain", deadline: 4), Stop);

        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.Contains("its deadline of 0.1 min is over", result.Says, StringComparison.Ordinal);
        Assert.Contains("default/web-1: ", result.Says, StringComparison.Ordinal);
        Assert.Contains(said, result.Says, StringComparison.Ordinal);
        Assert.DoesNotContain("other", await rig.PodsAsync());
    }

    [Fact]
    public async Task After_the_time_of_the_policy_a_pod_that_its_budget_keeps_is_deleted_all_the_same()
    {
        await using var rig = await NodeStepRig.StartAsync(withForce: true);
        await rig.AddPodAsync("web-1", labels: "\"app\":\"web\"");
        await rig.AddBudgetAsync("web", "web", "1");
        await rig.CordonAsync();

        var result = await rig.Drain.RunAsync(NodeStepRig.Step("drain", arguments: "force-after=3s"), Stop);

        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Contains("1 of them without their budget", result.Says, StringComparison.Ordinal);
        Assert.InRange(await rig.EvictionsAsync(429), 1, 10);
    }

    [Fact]
    public async Task Only_the_pods_of_the_faulty_device_leave_where_that_is_enough()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("faulty");
        await rig.AddPodAsync("neighbour");
        var step = NodeStepRig.Step("drain", DrainScope.Device);
        Assert.Contains("not known", (await rig.Drain.PrepareAsync(step, Stop)).WhyNot, StringComparison.Ordinal);
        rig.Hold((3, "faulty"), (4, "neighbour"));

        Assert.Equal(["default/faulty"], (await rig.Drain.PrepareAsync(step, Stop)).Victims);
        var result = await rig.Drain.RunAsync(step, Stop);

        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Equal(["neighbour"], await rig.PodsAsync());
    }

    [Theory]
    [InlineData("unmanaged", "nothing would start it anew", "unmanaged=evict")]
    [InlineData("marked", "karpenter.sh/do-not-disrupt", "do-not-disrupt=evict")]
    [InlineData("autoscaler", "cluster-autoscaler.kubernetes.io/safe-to-evict", "do-not-disrupt=evict")]
    public async Task A_pod_that_may_not_be_moved_holds_all_of_it_unless_the_policy_says_otherwise(string what, string said, string argument)
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("held", owner: what == "unmanaged" ? null : "ReplicaSet", annotations: what switch
        {
            "marked" => "\"karpenter.sh/do-not-disrupt\":\"true\"",
            "autoscaler" => "\"cluster-autoscaler.kubernetes.io/safe-to-evict\":\"false\"",
            _ => "",
        });
        await rig.AddPodAsync("other");
        await rig.CordonAsync();

        var prepared = await rig.Cordon.PrepareAsync(NodeStepRig.Step("cordon"), Stop);
        var result = await rig.Drain.RunAsync(NodeStepRig.Step("drain"), Stop);

        Assert.Contains(said, prepared.WhyNot, StringComparison.Ordinal);
        Assert.Equal(ActionOutcome.NotPossible, result.Outcome);
        Assert.Contains($"default/held: ", result.Says, StringComparison.Ordinal);
        Assert.Equal(0, await rig.EvictionsAsync());
        Assert.Equal(ActionOutcome.Done, (await rig.Drain.RunAsync(NodeStepRig.Step("drain", arguments: argument), Stop)).Outcome);
        Assert.Empty(await rig.PodsAsync());
    }

    [Fact]
    public async Task A_pod_that_came_under_the_name_meanwhile_is_another_one_and_stays()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("db-0");
        await rig.CordonAsync();
        await rig.Server.AskAsync("""{"command":"fault","match":{"path":"/db-0/eviction$"},"times":1,"then":{"delay":1500}}""");
        var draining = rig.StartDrainAsync(NodeStepRig.Step("drain"));
        await rig.EventuallyAsync(async () => await rig.EvictionsAsync() > 0, "the eviction is on its way");

        await rig.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/api/v1/namespaces/default/pods/db-0?gracePeriodSeconds=0"}""");
        await rig.AddPodAsync("db-0", node: "node-2");

        Assert.Equal(ActionOutcome.Done, (await draining).Outcome);
        Assert.Equal(["db-0"], await rig.PodsAsync());
        Assert.Equal(1, await rig.EvictionsAsync(409));
    }

    [Theory]
    [InlineData("""{"status":429,"retryAfter":1}""")] // the server is overloaded, which says nothing of the pod
    [InlineData("""{"status":503}""")]
    [InlineData("""{"status":500}""")]
    [InlineData("""{"cutAfter":0}""")] // it was taken, and the answer is lost
    [InlineData("""{"reset":true}""")]
    public async Task Trouble_with_the_server_is_waited_out(string fault)
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1");
        await rig.AddPodAsync("web-2");
        await rig.CordonAsync();
        await rig.Server.AskAsync($$$"""{"command":"fault","match":{"path":"/eviction$"},"times":3,"then":{{{fault}}}}""");
        await rig.Server.AskAsync("""{"command":"fault","match":{"method":"GET","path":"^/api/v1/pods$"},"times":1,"then":{"status":503}}""");

        var result = await rig.Drain.RunAsync(NodeStepRig.Step("drain", deadline: 60), Stop);

        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Empty(await rig.PodsAsync());
    }

    [Fact]
    public async Task Kubectl_drains_beside_it_and_both_come_to_their_end()
    {
        await using var rig = await NodeStepRig.StartAsync();
        for (var number = 0; number < 12; number++)
            await rig.AddPodAsync($"web-{number:00}");
        await rig.CordonAsync();

        var draining = rig.StartDrainAsync(NodeStepRig.Step("drain"));
        var theirs = await rig.Server.KubectlAsync("drain", ApiServerPeer.Node, "--force", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=30s");
        var result = await draining;

        Assert.Contains("drained", theirs, StringComparison.Ordinal);
        Assert.True(result.Outcome == ActionOutcome.Done, result.Says);
        Assert.Empty(await rig.PodsAsync());
        Assert.Equal(ActionOutcome.Done, (await rig.UncordonAsync()).Outcome); // kubectl found it cordoned and left the mark
    }

    [Fact]
    public async Task Kubectl_uncordons_in_the_midst_of_it_and_no_further_pod_is_moved()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1", labels: "\"app\":\"web\"");
        await rig.AddPodAsync("web-2", node: "node-2", labels: "\"app\":\"web\"");
        await rig.AddBudgetAsync("web", "web", "2");
        await rig.CordonAsync();
        var draining = rig.StartDrainAsync(NodeStepRig.Step("drain"));
        await rig.EventuallyAsync(async () => await rig.EvictionsAsync(429) > 0, "the budget holds it");

        await rig.Server.KubectlAsync("uncordon", ApiServerPeer.Node);

        var result = await draining;
        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.Contains("Somebody uncordoned", result.Says, StringComparison.Ordinal);
        Assert.Equal(["web-1", "web-2"], await rig.PodsAsync());
    }

    [Fact]
    public async Task Ended_by_the_engine_it_says_how_far_it_came()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1", annotations: "\"stand-in/stop-seconds\":\"never\"");
        await rig.CordonAsync();
        using var lost = new CancellationTokenSource();
        var draining = rig.Drain.RunAsync(NodeStepRig.Step("drain"), lost.Token);
        await rig.EventuallyAsync(async () => await rig.EvictionsAsync(201) > 0, "the eviction was taken");

        await lost.CancelAsync();

        var result = await draining;
        Assert.Equal(ActionOutcome.Failed, result.Outcome);
        Assert.Contains("default/web-1", result.Says, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_crash_it_is_looked_again_and_what_is_left_may_be_gone_on_with()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1");
        var step = NodeStepRig.Step("drain");

        var before = await rig.Drain.ResolveAsync(step, Stop);
        await rig.Server.KubectlAsync("delete", "pod", "web-1", "--wait=false");
        Assert.Equal((ActionOutcome.Failed, true), (before.Outcome, before.GoesOn));
        Assert.Contains("default/web-1", before.Says, StringComparison.Ordinal);
        await rig.EventuallyAsync(async () => (await rig.Drain.ResolveAsync(step, Stop)).Outcome == ActionOutcome.Done, "the pod has left");
        Assert.Equal(0, await rig.EvictionsAsync());
    }
}
