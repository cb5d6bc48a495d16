using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>The node steps on any node of the cluster, for whoever has the rights of deploy/kubernetes/aggregator-rbac.yaml: the very ones that an agent with <c>remediation.drain: self</c> does on its own node.</summary>
/// <param name="holders">Of a node: who holds its devices.</param>
public sealed class ClusterSteps(ApiClient client, Func<string, IDevicePods> holders, TimeProvider time, ILoggerFactory loggers)
{
    internal Func<double> Random { get; init; } = System.Random.Shared.NextDouble;

    /// <returns>Null when it is one, and its arguments are right; else what is wrong, as a sentence.</returns>
    public static string? Refuse(string action, ImmutableArray<string> arguments)
    {
        string? wrong;
        switch (action)
        {
            case NodeSteps.Cordon or NodeSteps.Drain:
                wrong = DrainRules.Refuse(arguments);
                break;
            case NodeSteps.Uncordon:
                wrong = arguments.IsEmpty ? null : "are none";
                break;
            case TaintNode.Taint:
                wrong = TaintNode.RefuseAll(arguments);
                break;
            default:
                return $"The aggregator has no step {action}; it cordons, taints, drains and uncordons.";
        }
        return wrong is null ? null : $"The arguments of {action} {wrong}.";
    }

    /// <summary>Only what work may be lost by is done under a grant.</summary>
    public static bool NeedsGrant(string action) => action is NodeSteps.Cordon or NodeSteps.Drain;

    /// <summary>Does a step on a node, from the look before it to its outcome.</summary>
    /// <param name="node">Its name in the cluster.</param>
    /// <param name="step">That was not refused.</param>
    /// <param name="progress">Told how far a drain is.</param>
    /// <param name="cancellationToken">Ends it; what is on its way goes on, and the outcome says how far it was.</param>
    public async Task<ActionResult> RunAsync(string node, ActionStep step, StepProgress progress, CancellationToken cancellationToken)
    {
        await using var place = await OpenAsync(node, step.Action == NodeSteps.Drain, cancellationToken);
        if (place.Cluster.Current.Value.WhyNot is { } whyNot)
            return ActionResult.NotPossible(whyNot);
        var action = Action(place, step.Action, progress);
        var preparation = await action.PrepareAsync(step, cancellationToken);
        return preparation.WhyNot is { } inTheWay ? ActionResult.NotPossible(inTheWay) : await action.RunAsync(step with { Proof = preparation.Proof }, cancellationToken);
    }

    /// <summary>Goes on with a step that somebody else had begun and did not end.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public async Task<ActionResult> GoOnAsync(string node, ActionStep step, StepProgress progress, CancellationToken cancellationToken)
    {
        await using var place = await OpenAsync(node, step.Action == NodeSteps.Drain, cancellationToken);
        var action = Action(place, step.Action, progress);
        if (step.Action != NodeSteps.Drain && await action.ResolveAsync(step, cancellationToken) is { Outcome: ActionOutcome.Done } done)
            return done;
        return await action.RunAsync(step, cancellationToken);
    }

    /// <summary>What became of a step; changes nothing.</summary>
    /// <inheritdoc cref="RunAsync"/>
    public async Task<ActionResult> LookAsync(string node, ActionStep step, CancellationToken cancellationToken)
    {
        await using var place = await OpenAsync(node, false, cancellationToken);
        return await Action(place, step.Action, new StepProgress()).ResolveAsync(step, cancellationToken);
    }

    private IRemediationAction Action(NodePlace place, string name, StepProgress progress)
    {
        var (writer, look) = (new NodeWriter(place.Cluster, time, Random), new DrainLook(place.Cluster, holders(place.Node)));
        return name switch
        {
            NodeSteps.Cordon => new Cordon(place.Cluster, writer, look, time),
            NodeSteps.Uncordon => new Uncordon(place.Cluster, writer),
            TaintNode.Taint => new TaintNode(place.Cluster, writer, time),
            _ => new Drain(place.Cluster, place.Pods, look, progress, time, Random),
        };
    }

    private async Task<NodePlace> OpenAsync(string node, bool follows, CancellationToken cancellationToken)
    {
        var place = new NodePlace(client, node, time, Random, loggers);
        await place.LookAsync(cancellationToken);
        if (follows)
            place.Follow();
        return place;
    }
}

/// <summary>One node of the cluster as the steps want it: its object, and while it is followed its pods and what becomes of it.</summary>
internal sealed class NodePlace : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly ApiClient _client;
    private readonly TimeProvider _time;
    private readonly Func<double> _random;
    private readonly ILoggerFactory _loggers;
    private readonly NodeBoard _board = new();
    private Task _following = Task.CompletedTask;

    public NodePlace(ApiClient client, string node, TimeProvider time, Func<double> random, ILoggerFactory loggers)
    {
        (_client, Node, _time, _random, _loggers) = (client, node, time, random, loggers);
        Cluster.Take(new ClusterLink(client, _board, node));
    }

    public string Node { get; }
    public ClusterBoard Cluster { get; } = new();
    public PodBoard Pods { get; } = new();

    /// <summary>Reads the node's object once. Where that fails the board says why.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            _board.Take(NodeSnapshot.Of(await _client.GetAsync(ApiResources.Nodes, null, Node, cancellationToken)));
        }
        catch (ApiException fault)
        {
            _board.TakeMissing(null, fault.Fault == ApiFault.NotFound ? $"There is no node {Node} at {_client.Where}: the agent's node.name has to be the name that `kubectl get nodes` shows." : fault.Message);
        }
    }

    /// <summary>Follows node and pods until it is disposed of.</summary>
    public void Follow()
    {
        var pods = new PodWatch(_client, new ReportingOptions { NodeName = Node, Version = "" }, null, Pods, new WorkerBoard(), _time, _random, _loggers.CreateLogger<PodWatch>());
        _following = Task.WhenAll(FollowNodeAsync(_ended.Token), pods.RunAsync(_ended.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task FollowNodeAsync(CancellationToken cancellationToken)
    {
        var (backoff, selector) = (Backoff.ForLoops(_random), $"metadata.name={Node}");
        while (true)
        {
            TimeSpan? askedFor = null;
            try
            {
                var list = await _client.ListAsync(ApiResources.Nodes, null, selector, cancellationToken);
                if (list.Items.FirstOrDefault(item => item.Metadata.Name == Node) is { } node)
                    _board.Take(NodeSnapshot.Of(node));
                await foreach (var change in _client.WatchAsync(ApiResources.Nodes, null, selector, list.Metadata.ResourceVersion ?? "", cancellationToken))
                {
                    if (change.Kind == WatchKind.Deleted)
                        _board.TakeMissing(NodeSnapshot.Of(change.Item), $"The node object {Node} was deleted.");
                    else if (change.Kind != WatchKind.Bookmark)
                        _board.Take(NodeSnapshot.Of(change.Item));
                    backoff.Reset();
                }
            }
            catch (ApiException fault)
            {
                askedFor = fault.RetryAfter; // the passes of a drain ask the server themselves, and say what is wrong
            }
            await Task.Delay(backoff.Next(askedFor), _time, cancellationToken);
        }
    }
}
