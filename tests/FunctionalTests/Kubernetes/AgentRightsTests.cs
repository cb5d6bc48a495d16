using AIInfra.Core.Health;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Kubernetes;

/// <summary>deploy/kubernetes as it is shipped, on the stand-in: roles as the API server judges them, policies by an independent CEL evaluator.</summary>
public sealed class AgentRightsTests
{
    private static readonly string Rights = RepositoryRoot.Combine("deploy", "kubernetes", "rbac.yaml"), Policies = RepositoryRoot.Combine("deploy", "kubernetes", "agent-admission.yaml");

    [Fact]
    public async Task The_agent_does_all_that_it_does_with_exactly_the_rights_that_are_shipped()
    {
        await using var rig = await ReportingRig.StartAsync(null, "--manifest", Rights, "--manifest", Policies);
        rig.Holders[TestGpus.Id(3)] = [new DeviceHolder("aiinfra-system", "aiinfra-agent-node-1")];
        rig.Labels.Publish(rig.Labels.Value.Add("nvidia.com/gpu.count", "8"));
        rig.Run();

        rig.Report("nvidia.xid.79", 3);
        rig.Report("nvidia.xid.79", 3);

        await rig.WaitForConditionAsync("AcceleratorHealthy", "False");
        await rig.WaitForEventAsync("NvidiaXid79");
        await rig.WaitForEventAsync("NvidiaXid79", "aiinfra-system");
        await rig.EventuallyAsync(async () => (await rig.NodeAsync()).GetProperty("metadata").GetProperty("labels").TryGetProperty("nvidia.com/gpu.count", out _), () => "no label");
        rig.Health.ReportHealthy("nvidia.xid.79", Subject.Device(TestGpus.Id(3)), "reads well");
        await rig.WaitForConditionAsync("AcceleratorHealthy", "True");
        Assert.All(rig.Board.Parts.Values, part => Assert.True(part.IsReady, part.Detail));
        Assert.DoesNotContain(rig.Log.All, line => line.Contains("403", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_drain_self_the_taint_needs_no_more_than_leaving_one_policy_out()
    {
        await using var rig = await ReportingRig.StartAsync(null, "--manifest", Rights, "--manifest", Policies);
        rig.SetsTaint = true;
        rig.Run();
        rig.Report("acme.node", Subject.Node, Severity.Fatal);
        await rig.WaitForPartAsync("kubernetes taint", false, "An agent may not change a node's spec");

        await rig.Server.AskAsync("""{"command":"request","method":"DELETE","path":"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/aiinfra-agent-no-spec"}""");

        await rig.WaitForPartAsync("kubernetes taint", true);
    }

    [Theory]
    [InlineData("node-2", "status", """{"status":{"conditions":[{"type":"AcceleratorHealthy","status":"False"}]}}""", "only the node that its own pod runs on")]
    [InlineData("node-2", null, """{"metadata":{"labels":{"nvidia.com/gpu.count":"0"}}}""", "only the node that its own pod runs on")]
    [InlineData("node-1", null, """{"spec":{"unschedulable":true}}""", "may not change a node's spec")]
    [InlineData("node-1", null, """{"spec":{"taints":[{"key":"x","effect":"NoExecute"}]}}""", "may not change a node's spec")]
    [InlineData("node-1", null, """{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}""", "only labels that begin with")]
    [InlineData("node-1", null, """{"metadata":{"labels":{"kubernetes.io/hostname":null}}}""", "only labels that begin with")]
    [InlineData("node-1", "status", """{"status":{"conditions":[{"type":"Ready","status":"False"}]}}""", "only its own node conditions")]
    [InlineData("node-1", "status", """{"status":{"conditions":[{"type":"Ready","$patch":"delete"}]}}""", "only its own node conditions")]
    [InlineData("node-1", "status", """{"status":{"capacity":{"nvidia.com/gpu":"800"}}}""", "what a node has")]
    public async Task A_stolen_token_can_lie_about_its_own_node_only(string node, string? subresource, string change, string said)
    {
        await using var server = await ApiServerPeer.StartAsync("--manifest", Rights, "--manifest", Policies);
        using var client = ApiClientTests.Client(server, "agent-file");

        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.PatchAsync(
            ApiResources.Nodes, null, node, subresource, ApiClientTests.Patch("application/strategic-merge-patch+json", change), TestContext.Current.CancellationToken));

        Assert.Equal(ApiFault.Forbidden, refusal.Fault);
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("node-2", "node-1", "only in the name of its own node")]
    [InlineData("node-1", "node-2", "on its own node and on pods")]
    public async Task It_cannot_report_in_anothers_name_or_on_another_node(string instance, string about, string said)
    {
        await using var server = await ApiServerPeer.StartAsync("--manifest", Rights, "--manifest", Policies);
        using var client = ApiClientTests.Client(server, "agent-file");

        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.CreateAsync(ApiResources.Events, "default", new EventObject
        {
            ApiVersion = "events.k8s.io/v1", Kind = "Event", Metadata = new ObjectMeta { Name = "e", Namespace = "default" }, EventTime = DateTimeOffset.UtcNow,
            ReportingController = "aiinfra.io/agent", ReportingInstance = instance, Action = "Observe", Reason = "X", Note = "x", Type = "Normal",
            Regarding = new ObjectReference { ApiVersion = "v1", Kind = "Node", Name = about },
        }, TestContext.Current.CancellationToken));

        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list", "pods", "/api/v1/pods")]
    [InlineData("list", "secrets", "/api/v1/secrets")]
    public async Task Nothing_wider_is_granted(string verb, string resource, string path)
    {
        await using var server = await ApiServerPeer.StartAsync("--manifest", Rights);
        using var client = ApiClientTests.Client(server, "agent-file");

        var refusal = await Assert.ThrowsAsync<ApiException>(() => client.ListAsync(
            ApiResources.Pods with { Root = path[..path.LastIndexOf('/')], Plural = resource }, null, null, TestContext.Current.CancellationToken));

        Assert.Equal(ApiFault.Forbidden, refusal.Fault);
        Assert.Contains($"cannot {verb}", refusal.Message, StringComparison.Ordinal);
    }
}
