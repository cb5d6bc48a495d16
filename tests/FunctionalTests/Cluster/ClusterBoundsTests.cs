using AIInfra.Aggregator.Grants;
using AIInfra.Core.Remediation;
using AIInfra.Fleet.Granting;
using AIInfra.Fleet.V1;
using AIInfra.FunctionalTests.Fleet;
using AIInfra.FunctionalTests.Kubernetes;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Testing;
using GrantRequest = AIInfra.Core.Remediation.GrantRequest;

namespace AIInfra.FunctionalTests.Cluster;

/// <summary>What bounds the nodes from above: labels of the cluster, pauses, the leases of the failure domains.</summary>
public sealed class ClusterBoundsTests
{
    private const string LeaseKeys = ", lease: { slots: 1, domainLabel: example.com/rack }", Lease = "/apis/coordination.k8s.io/v1/namespaces/aiinfra-system/leases/";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_does_not_choose_its_own_domain()
    {
        await using var rig = await ClusterRig.StartAsync(budgets: "- { name: racks, label: rack, maxUnavailable: 1 }");
        foreach (var node in (string[])["node-1", "node-2", "node-3"])
            await rig.Server.PatchAsync($"/api/v1/nodes/{node}", """{"metadata":{"labels":{"rack":"true-rack"} } }""");
        await using var agent = await rig.JoinAsync("node-1");
        await using var other = await rig.JoinAsync("node-2");
        other.Labels.Publish(other.Labels.Value.SetItem("rack", "of-my-own"));
        await using var grant = await ClusterRig.GrantAsync(agent);

        await ClusterRig.EventuallyAsync(async () => (await rig.Database.ReadAsync(session => session.AllAsync("SELECT domains FROM nodes ORDER BY name", row => row.GetString(0)), Stop)) is ["[\"rack=true-rack\"]" or "[\"rack=true-rack\",\"node-role.kubernetes.io/control-plane\"]", ..] all && all.Count == 2 && all[0] == all[1],
            () => "the cluster's labels do not count");
        var refused = await other.Grants.AskAsync(new GrantRequest("op-2", "cordon", DrainScope.Node), Stop);
        Assert.Null(refused.Grant);
        Assert.Contains("2 of 2 nodes of rack=true-rack would be out of service", refused.Why, StringComparison.Ordinal);

        await rig.Server.PatchAsync("/api/v1/nodes/node-2", """{"metadata":{"labels":{"rack":"another"} } }"""); // it is moved, and says nothing itself
        await using var granted = await ClusterRig.GrantAsync(other, "op-3");
        Assert.True(granted.IsHeld);
    }

    [Fact]
    public async Task A_pause_reaches_the_nodes_and_holds_over_a_restart_of_the_agent()
    {
        await using var rig = await ClusterRig.StartAsync();
        var agent = await rig.JoinAsync("node-1");
        await using (await ClusterRig.GrantAsync(agent, "before"))
        {
        }

        await rig.Controls.PauseAsync(PauseScope.Node("node-1"), "token anna", "a visit", null, Stop);
        await ClusterRig.EventuallyAsync(() => Task.FromResult(agent.Grants.Bounds.Refused is not null), () => "the node was not told");
        Assert.Equal("the aggregator paused this node: token anna paused node node-1 (a visit).", (await agent.Grants.AskAsync(new GrantRequest("op", "cordon", DrainScope.Node), Stop)).Why);
        await rig.StopAsync();
        Assert.NotNull(new FleetBounds(agent.Folder).Refused); // as the next start of the agent finds it
        await agent.DisposeAsync();

        await rig.StartAgainAsync();
        await using var again = await rig.JoinAsync("node-1");
        Assert.NotNull(again.Grants.Bounds.Refused);
        await rig.Controls.ResumeAsync(PauseScope.Node("node-1"), "token anna", Stop);
        await ClusterRig.EventuallyAsync(() => Task.FromResult(again.Grants.Bounds.Refused is null), () => "the node was not told of the end");
        await using var grant = await ClusterRig.GrantAsync(again, "after");
        Assert.True(grant.IsHeld);
    }

    [Fact]
    public async Task A_grant_takes_the_lease_of_the_domain_in_the_nodes_name_and_gives_it_back()
    {
        await using var rig = await ClusterRig.StartAsync(LeaseKeys);
        await RackAsync(rig);
        await using var agent = await rig.JoinAsync("node-1");
        await using var other = await rig.JoinAsync("node-2");
        var grant = await ClusterRig.GrantAsync(agent);
        Assert.Equal("node-1", await HolderAsync(rig));

        var refused = await other.Grants.AskAsync(new GrantRequest("op-2", "cordon", DrainScope.Node), Stop);
        Assert.Null(refused.Grant);
        Assert.Contains("the lease of the failure domain is not to be had: 1 of 1 places of example.com/rack=r1 are taken (node-1)", refused.Why, StringComparison.Ordinal);
        await grant.DisposeAsync();

        await using var granted = await ClusterRig.GrantAsync(other, "op-3");
        Assert.Equal("node-2", await HolderAsync(rig));
        Assert.Equal(0, await rig.Server.CountAsync("""{"status":"403"}"""));
    }

    [Fact]
    public async Task While_the_aggregator_is_away_the_lease_permits_and_never_both_at_once()
    {
        await using var rig = await ClusterRig.StartAsync(LeaseKeys);
        await RackAsync(rig);
        using var client = ApiClientTests.Client(rig.Server, "admin");
        await using var leases = new NodeLeases(client, new LeaseOptions { NodeName = "", DomainLabel = "example.com/rack" }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        var time = new ManualTime();
        LeaseFallback Fallback(string node, uint slots) => new(new ByLease(leases, node), new Leases { DomainLabel = "example.com/rack", Slots = slots, Namespace = "aiinfra-system" },
            new AIInfra.Fleet.FleetOptions { Aggregator = new Uri($"https://127.0.0.1:{rig.Port}"), Node = node, Credentials = "", Folder = rig.FolderOf(node), Version = "1" }, time);
        await using var one = await rig.JoinAsync("node-1", leases: Fallback("node-1", 1));
        await using var two = await rig.JoinAsync("node-2", leases: Fallback("node-2", 1));
        await using var three = await rig.JoinAsync("node-3", leases: Fallback("node-3", 2));
        var grant = await ClusterRig.GrantAsync(one);
        await rig.StopAsync();
        foreach (var agent in (TestAgent[])[one, two, three])
            await ClusterRig.EventuallyAsync(() => Task.FromResult(agent.Complaint is not null), () => "the agent has not noticed");

        var early = await two.Grants.AskAsync(new GrantRequest("op-2", "reboot", DrainScope.Node), Stop);
        Assert.Contains("the leases are asked when it has been away for 30 s", early.Why, StringComparison.Ordinal);
        time.Advance(TimeSpan.FromSeconds(31));
        var taken = await two.Grants.AskAsync(new GrantRequest("op-2", "reboot", DrainScope.Node), Stop);
        Assert.Null(taken.Grant); // node-1 holds the place by the aggregator's grant
        Assert.Contains("are taken (node-1)", taken.Why, StringComparison.Ordinal);
        Assert.Contains("have to be the same", (await three.Grants.AskAsync(new GrantRequest("op-3", "reboot", DrainScope.Node), Stop)).Why, StringComparison.Ordinal);
        await grant.DisposeAsync(); // nobody is told; the place stays node-1's, who finds it
        await using var kept = (await one.Grants.AskAsync(new GrantRequest("op-4", "reboot", DrainScope.Node), Stop)).Grant;
        Assert.True(kept?.IsHeld);

        await rig.StartAgainAsync();
        await ClusterRig.EventuallyAsync(() => Task.FromResult(two.Complaint is null), () => two.Complaint ?? "");
        AIInfra.Core.Remediation.GrantAnswer answer = AIInfra.Core.Remediation.GrantAnswer.Refused("");
        await ClusterRig.EventuallyAsync(async () => (answer = await two.Grants.AskAsync(new GrantRequest("op-2", "reboot", DrainScope.Node), Stop)).Why.Contains("the lease of the failure domain", StringComparison.Ordinal), () => answer.Why);
        Assert.Null(answer.Grant); // what is done by lease weighs on the aggregator too
    }

    private static async Task RackAsync(ClusterRig rig)
    {
        foreach (var node in (string[])["node-1", "node-2", "node-3"])
            await rig.Server.PatchAsync($"/api/v1/nodes/{node}", """{"metadata":{"labels":{"example.com/rack":"r1"} } }""");
    }

    private static async Task<string?> HolderAsync(ClusterRig rig) =>
        (await rig.Server.GetAsync($"{Lease}{LeaseGrants.NameOf("example.com/rack", "r1", 0)}")).GetProperty("spec").GetProperty("holderIdentity").GetString();

    /// <summary>As an agent's own leases are.</summary>
    private sealed class ByLease(NodeLeases leases, string node) : IGrants
    {
        public async Task<AIInfra.Core.Remediation.GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken) =>
            await leases.TakeAsync(node, request.Operation, cancellationToken) is { } whyNot ? AIInfra.Core.Remediation.GrantAnswer.Refused(whyNot) : new(new Held(leases, node, request.Operation), "");
    }

    private sealed class Held(NodeLeases leases, string node, string operation) : IGrant
    {
        public CancellationToken Lost => CancellationToken.None;
        public bool IsHeld => leases.IsHeld(node, operation);
        public async ValueTask DisposeAsync() => await leases.GiveBackAsync(node, operation);
    }
}
