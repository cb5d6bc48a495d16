using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>What the API server knows of the node that bears on mending it. What is not known forbids every disruptive step.</summary>
/// <param name="aggregator">Null where there is none.</param>
internal sealed class ClusterStanding(ClusterBoard cluster, PodBoard pods, NodeStepOptions options, IAggregatorSteps? aggregator) : IStandingSource
{
    private const string OutOfService = "node.kubernetes.io/out-of-service";
    private static readonly string[] ControlPlane = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "node-role.kubernetes.io/etcd"];

    public NodeStanding Look(RemediationPolicy policy, ImmutableArray<Problem> problems)
    {
        var state = cluster.Current.Value;
        if (state.IsOff)
        {
            return options.KubeletRoots.Any(Directory.Exists)
                ? new NodeStanding { Moves = PodMoves.Unable, NoMoves = $"this node has a kubelet, and nobody can move its pods: {Lower(state.Detail)}" } : NodeStanding.Nothing;
        }
        if (state.Link?.Node.Node is not { } node)
        {
            var unknown = $"this node's object at the API server is not known: {Lower(state.WhyNot ?? "It was not read yet.")}";
            return new NodeStanding { Moves = PodMoves.Unable, NoMoves = unknown, Blockers = [unknown] };
        }
        var (moves, noMoves) = Moves();
        return new NodeStanding
        {
            Moves = moves,
            NoMoves = noMoves,
            WasUncordoned = AgentMark.UndoneOn(node)?.StandsIn(problems) == true,
            NeedsPerson = ControlPlane.FirstOrDefault(node.Labels.ContainsKey) is { } role ? $"{node.Name} is a node of the control plane ({role})." : null,
            Blockers = [.. Marks(node), .. Pods(policy)],
        };
    }

    private (PodMoves Moves, string? NoMoves) Moves()
    {
        var whyNot = options.DrainsItself ? pods.Current.Value.Gap : aggregator is null ? DelegatedStep.NoAggregator : aggregator.WhyNot;
        return whyNot is null ? (PodMoves.Able, null) : (PodMoves.Unable, Lower(whyNot));
    }

    private static IEnumerable<string> Marks(NodeSnapshot node)
    {
        if (node.Taints.Any(taint => taint.Key == OutOfService))
            yield return $"the node has the taint {OutOfService}: somebody declared it off, its volumes may be in use elsewhere. Take the taint off when it is back.";
    }

    private IEnumerable<string> Pods(RemediationPolicy policy)
    {
        if (policy.BlockingPods.IsEmpty)
            yield break;
        var view = pods.Current.Value;
        if (view.Gap is { } gap)
            yield return $"whether a pod of blockingPods runs here is not known: {Lower(gap)}";
        foreach (var pod in view.Pods.Values.Where(pod => pod.Status.Phase is not ("Succeeded" or "Failed")))
        {
            if (policy.BlockingPods.FirstOrDefault(rule => Takes(rule, pod)) is { } rule)
                yield return $"pod {DrainLook.NameOf(pod)} runs here (blockingPods: {rule.Namespace ?? "any namespace"}, {rule.Label ?? "any label"}).";
        }
    }

    private static bool Takes(BlockingPods rule, PodObject pod)
    {
        if (rule.Namespace is { } space && pod.Metadata.Namespace != space)
            return false;
        if (rule.Label is not { } label)
            return true;
        var value = pod.Metadata.Labels?.GetValueOrDefault(label.Split('=', 2)[0]);
        return value is not null && (label.Split('=', 2) is not [_, var wanted] || wanted == value);
    }

    /// <summary>Standings begin in lower case.</summary>
    private static string Lower(string sentence) => sentence.Length > 1 && char.IsUpper(sentence[0]) && !char.IsUpper(sentence[1]) ? char.ToLowerInvariant(sentence[0]) + sentence[1..] : sentence;
}
