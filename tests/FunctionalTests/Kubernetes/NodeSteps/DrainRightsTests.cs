using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Kubernetes.NodeSteps;

/// <summary>deploy/kubernetes/drain-self.yaml as it is shipped: what an agent may do with it, and what a stolen token may not.</summary>
public sealed class DrainRightsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_them_nothing_is_tried_and_the_file_is_named()
    {
        await using var rig = await ReportingRig.StartAsync(null, "--manifest", RepositoryRoot.Combine("deploy", "kubernetes", "rbac.yaml"), "--manifest", RepositoryRoot.Combine("deploy", "kubernetes", "agent-admission.yaml"));
        rig.SetsTaint = true;
        rig.Run();
        await rig.EventuallyAsync(() => Task.FromResult(rig.Cluster.Current.Value is { WhyNot: null, Link: not null } && rig.NodePods.Current.Value.Gap?.Contains("403", StringComparison.Ordinal) == true), () => $"{rig.NodePods.Current.Value.Gap}");
        var (writer, look) = (new NodeWriter(rig.Cluster, rig.Time, () => 0.1), new DrainLook(rig.Cluster, null!));

        var cordoned = await new Cordon(rig.Cluster, writer, look, rig.Time).RunAsync(NodeStepRig.Step("cordon"), Stop);
        var prepared = await new Drain(rig.Cluster, rig.NodePods, look, new StepProgress(), rig.Time, () => 0.1).PrepareAsync(NodeStepRig.Step("drain"), Stop);
        var standing = new ClusterStanding(rig.Cluster, rig.NodePods, new NodeStepOptions(true, [], null), null).Look(new() { Ladders = [] }, []);

        Assert.Equal(ActionOutcome.NotPossible, cordoned.Outcome);
        Assert.Contains("may not change a node's spec", cordoned.Says, StringComparison.Ordinal);
        Assert.Contains("deploy/kubernetes/drain-self.yaml", prepared.WhyNot, StringComparison.Ordinal);
        Assert.Equal(Core.Remediation.Planning.PodMoves.Unable, standing.Moves);
    }

    [Fact]
    public async Task With_the_right_to_list_and_not_to_evict_nothing_is_moved()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.Server.AskAsync("""{"command":"request","method":"PATCH","path":"/apis/rbac.authorization.k8s.io/v1/clusterroles/aiinfra-agent-drain","contentType":"application/json-patch+json","body":[{"op":"remove","path":"/rules/1"}]}""");
        await rig.AddPodAsync("web-1");
        await rig.CordonAsync();

        var result = await rig.Drain.RunAsync(NodeStepRig.Step("drain"), Stop);

        Assert.Equal(ActionOutcome.NotPossible, result.Outcome);
        Assert.Contains("pods/eviction", result.Says, StringComparison.Ordinal);
        Assert.Equal(["web-1"], await rig.PodsAsync());
    }

    [Theory]
    [InlineData("node-2", """{"spec":{"unschedulable":true}}""", "only the node that its own pod runs on")]
    [InlineData("node-1", """{"spec":{"taints":[{"key":"example.com/x","effect":"NoSchedule"}]}}""", "only taints that begin with aiinfra.io/")]
    [InlineData("node-1", """{"spec":{"taints":[{"key":"aiinfra.io/x","effect":"NoExecute"}]}}""", "may not end pods")]
    [InlineData("node-1", """{"spec":{"taints":[{"key":"node.kubernetes.io/out-of-service","value":"nodeshutdown","effect":"NoExecute"}]}}""", "only taints that begin with aiinfra.io/")]
    [InlineData("node-1", """{"spec":{"externalID":"x"}}""", "change nothing else of its spec")]
    public async Task A_stolen_token_can_cordon_and_taint_its_own_node_only(string node, string change, string said)
    {
        await using var rig = await NodeStepRig.StartAsync();
        using var client = ApiClientTests.Client(rig.Server, "agent-file");

        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.PatchAsync(ApiResources.Nodes, null, node, null, ApiClientTests.Patch("application/strategic-merge-patch+json", change), Stop));

        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evictions_name_the_pod_that_is_meant_and_spare_the_cluster()
    {
        await using var rig = await NodeStepRig.StartAsync();
        await rig.AddPodAsync("web-1");
        using var client = ApiClientTests.Client(rig.Server, "agent-file");

        Assert.Contains("names the uid", (await Refused("default", "web-1", null!, null)).Message, StringComparison.Ordinal);
        Assert.Contains("gives it time", (await Refused("default", "web-1", "11111111-2222-3333-4444-555555555555", 0)).Message, StringComparison.Ordinal);
        await rig.Server.AskAsync("""{"command":"put","object":{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"kube-system","name":"dns"},"spec":{"nodeName":"node-1","containers":[{"name":"m","image":"x"}]}}}""");
        Assert.Contains("no pod of kube-system", (await Refused("kube-system", "dns", "11111111-2222-3333-4444-555555555555", null)).Message, StringComparison.Ordinal);

        Task<ApiException> Refused(string space, string name, string uid, int? grace) => Assert.ThrowsAsync<ApiException>(() => client.EvictAsync(space, name, uid, grace, Stop));
    }

    [Fact]
    public async Task Deletions_are_held_to_the_own_node()
    {
        await using var rig = await NodeStepRig.StartAsync(withForce: true);
        await rig.AddPodAsync("here");
        await rig.AddPodAsync("there", node: "node-2");
        using var client = ApiClientTests.Client(rig.Server, "agent-file");

        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.DeleteAsync(ApiResources.Pods, "default", "there", new DeleteOptions(), Stop));
        await client.DeleteAsync(ApiResources.Pods, "default", "here", new DeleteOptions(), Stop);

        Assert.Contains("only pods of its own node", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["there"], await rig.PodsAsync());
    }

    [Fact]
    public async Task Leases_are_taken_and_given_back_in_the_own_name_alone()
    {
        await using var rig = await NodeStepRig.StartAsync();
        using var grants = new LeaseGrants(rig.Cluster, new LeaseOptions { NodeName = ApiServerPeer.Node }, new(), rig.Reporting.Time, NullLogger<LeaseGrants>.Instance);
        var answer = await grants.AskAsync(new GrantRequest("op", "reboot", DrainScope.Node), Stop);
        Assert.True(answer.Grant is not null, answer.Why);
        await answer.Grant.DisposeAsync();
        using var client = ApiClientTests.Client(rig.Server, "agent-file");
        var name = LeaseGrants.NameOf("", "cluster", 0);
        await rig.Server.PatchAsync($"/apis/coordination.k8s.io/v1/namespaces/aiinfra-system/leases/{name}", """{"spec":{"holderIdentity":"node-2"}}""");

        foreach (var (change, said) in (ValueTuple<string, string>[])[("""{"spec":{"holderIdentity":"node-3"}}""", "in the name of its own node"), ("""{"spec":{"holderIdentity":""}}""", "gives back only its own")])
        {
            var refusal = await Assert.ThrowsAsync<ApiException>(() => client.PatchAsync(ApiResources.Leases, "aiinfra-system", name, null, ApiClientTests.Patch("application/merge-patch+json", change), Stop));
            Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
        }
    }
}
