using System.Collections.Immutable;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Remediation;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.UnitTests.Remediation;

public sealed class ClusterStandingTests : IDisposable
{
    private readonly ApiClient _client = new(
        new ApiCredentials { Server = new Uri("https://localhost:1"), Origin = "test" },
        new ApiClientOptions { Time = TimeProvider.System, Budget = RequestBudget.ForAgent(TimeProvider.System), UserAgent = "test" });
    private readonly ClusterBoard _cluster = new();
    private readonly PodBoard _pods = new();
    private readonly NodeBoard _node = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public void Without_an_API_server_there_is_nothing_to_say_unless_the_node_has_pods()
    {
        _cluster.TakeOff("No API server is spoken to: kubernetes.report is false.");

        Assert.Same(NodeStanding.Nothing, Look());
        var standing = Look(options: new NodeStepOptions(true, [Path.GetTempPath()], null));
        Assert.Equal(PodMoves.Unable, standing.Moves);
        Assert.Contains("nobody can move its pods: no API server", standing.NoMoves, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_known_forbids_every_disruptive_step()
    {
        Assert.Contains("is not known", Assert.Single(Look().Blockers), StringComparison.Ordinal);
        _cluster.Take(new ClusterLink(_client, _node, "gpu-1"));
        Assert.Contains("is not known", Assert.Single(Look().Blockers), StringComparison.Ordinal);
        _node.TakeNotOurs("It is another host's.");
        Assert.Contains("another host's", Assert.Single(Look().Blockers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("node-role.kubernetes.io/control-plane")]
    [InlineData("node-role.kubernetes.io/master")]
    public void A_control_plane_node_needs_a_person(string role)
    {
        Take(labels: ImmutableSortedDictionary<string, string>.Empty.Add(role, ""));

        Assert.Contains("control plane", Look().NeedsPerson, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_was_declared_off_is_left_alone()
    {
        Take(taints: [new NodeTaint { Key = "node.kubernetes.io/out-of-service", Value = "nodeshutdown", Effect = "NoExecute" }]);

        Assert.Contains("declared it off", Assert.Single(Look().Blockers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ml", null, true)]
    [InlineData("web", null, false)]
    [InlineData(null, "app=train", true)]
    [InlineData(null, "app", true)]
    [InlineData(null, "app=serve", false)]
    [InlineData("ml", "tier", false)]
    public void Pods_of_the_policy_block_while_they_run(string? inNamespace, string? label, bool blocks)
    {
        Take();
        var policy = new RemediationPolicy { Ladders = [], BlockingPods = [new BlockingPods(inNamespace, label)] };
        _pods.Current.Publish(new PodView(new[] { Pod("ml", "train-0", "Running"), Pod("ml", "train-1", "Succeeded") }.ToImmutableDictionary(pod => (pod.Metadata.Namespace!, pod.Metadata.Name!)), null));

        Assert.Equal(blocks ? 1 : 0, Look(policy).Blockers.Length);
        _pods.Current.Publish(PodView.Unknown("403."));
        Assert.Contains("is not known", Assert.Single(Look(policy).Blockers), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_can_move_pods_is_said()
    {
        Take();
        var byAggregator = new NodeStepOptions(false, [], null);

        Assert.Equal(PodMoves.Able, Look().Moves);
        Assert.Contains("remediation.drain: self", Look(options: byAggregator).NoMoves, StringComparison.Ordinal);
        Assert.Equal(PodMoves.Able, Look(options: byAggregator, aggregator: new TestAggregator(null)).Moves);
        Assert.Equal("not connected.", Look(options: byAggregator, aggregator: new TestAggregator("not connected.")).NoMoves);
    }

    [Fact]
    public async Task By_the_aggregator_a_step_is_handed_on_and_without_one_refused_with_the_reason()
    {
        var stop = TestContext.Current.CancellationToken;
        var (cordon, alone) = (new DelegatedStep(NodeSteps.Cordon, new TestAggregator(null)), new DelegatedStep(NodeSteps.Uncordon, null));
        var step = new ActionStep
        {
            Id = "a-0",
            Operation = "a",
            Action = NodeSteps.Cordon,
            Arguments = [],
            Subject = Core.Health.Subject.Node,
            ProblemId = "p",
            Deadline = TimeSpan.FromMinutes(1),
            BootId = "b",
        };

        Assert.Null((await cordon.PrepareAsync(step, stop)).WhyNot);
        Assert.Equal(ActionResult.Done("did a-0"), await cordon.RunAsync(step, stop));
        Assert.Equal(ActionResult.Done("saw a-0"), await cordon.ResolveAsync(step, stop));
        Assert.Contains("fleet.aggregator", (await alone.PrepareAsync(step, stop)).WhyNot, StringComparison.Ordinal);
        Assert.Equal(ActionOutcome.Failed, (await alone.RunAsync(step, stop)).Outcome); // not "not possible": the cordon stands, and is to be taken back later
    }

    private NodeStanding Look(RemediationPolicy? policy = null, NodeStepOptions? options = null, IAggregatorSteps? aggregator = null) =>
        new ClusterStanding(_cluster, _pods, options ?? new NodeStepOptions(true, [], null), aggregator).Look(policy ?? new RemediationPolicy { Ladders = [] }, []);

    private void Take(ImmutableSortedDictionary<string, string>? labels = null, ImmutableArray<NodeTaint>? taints = null)
    {
        _cluster.Take(new ClusterLink(_client, _node, "gpu-1"));
        _node.Take(new NodeSnapshot { Name = "gpu-1", Uid = "u", Version = "1", Labels = labels ?? ImmutableSortedDictionary<string, string>.Empty, Taints = taints ?? [] });
        _pods.Current.Publish(new PodView(ImmutableDictionary<(string, string), PodObject>.Empty, null));
    }

    private static PodObject Pod(string space, string name, string phase) => new()
    {
        Metadata = new ObjectMeta { Namespace = space, Name = name, Uid = name, Labels = ImmutableSortedDictionary<string, string>.Empty.Add("app", "train") },
        Status = new PodStatus { Phase = phase },
    };

    private sealed class TestAggregator(string? whyNot) : IAggregatorSteps
    {
        public string? WhyNot => whyNot;
        public Task<ActionResult> DoAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(ActionResult.Done($"did {planned.Id}"));
        public Task<ActionResult> LookAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(ActionResult.Done($"saw {planned.Id}"));
    }
}
