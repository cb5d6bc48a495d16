using System.Collections.Immutable;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary><c>uncordon</c>: new pods may come again. Only what the same operation cordoned, by the mark on the node; whatever somebody else did meanwhile stays.</summary>
internal sealed class Uncordon(ClusterBoard cluster, NodeWriter writer) : IRemediationAction
{
    public string Name => NodeSteps.Uncordon;
    public bool IsDisruptive => false;

    public string? Refuse(ImmutableArray<string> arguments) => arguments.IsEmpty ? null : "are none";

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) =>
        Task.FromResult(cluster.Current.Value.WhyNot is { } whyNot ? Preparation.NotPossible(whyNot) : Preparation.Ready(new ActionProof(ProofKind.Level, planned.Operation)));

    /// <returns>Never unknown: what is not found out counts as not done, and the next try goes by the mark.</returns>
    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var result = await writer.RunAsync((node, isTried) => Decide(planned, node, isTried), ActionOutcome.Failed, cancellationToken);
        return result.Outcome == ActionOutcome.Unknown ? ActionResult.Failed(result.Says) : result;
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (node, whyNot) = await writer.LookAsync(cancellationToken);
        if (node is null)
            return ActionResult.Failed($"Whether the node was uncordoned is not known, so it is tried again: {whyNot}");
        return AgentMark.Read(node, AgentMark.Cordoned)?.Operation == planned.Operation
            ? ActionResult.Failed($"Node {node.Name} was not uncordoned{(node.IsUnschedulable ? "" : " by the agent; somebody else did")}.")
            : ActionResult.Done($"The agent's cordon of node {node.Name} is taken back{(node.IsUnschedulable ? "; it is cordoned by somebody else" : "")}.");
    }

    private static NodeDecision Decide(ActionStep planned, NodeSnapshot node, bool isTried)
    {
        var mark = AgentMark.Read(node, AgentMark.Cordoned);
        if (mark is null && isTried && !node.IsUnschedulable)
            return NodeDecision.Nothing(Uncordoned(node));
        if (mark is null)
        {
            return NodeDecision.Nothing(ActionResult.NotPossible(node.IsUnschedulable
                ? $"Node {node.Name} is cordoned, and not by the agent: it stays so." : $"Node {node.Name} is not cordoned by the agent any more: somebody else uncordoned it."));
        }
        if (mark.Operation != planned.Operation)
            return NodeDecision.Nothing(ActionResult.NotPossible($"Node {node.Name} was cordoned by operation {mark.Operation} ({mark.Problem}), not by this one: it stays so."));
        if (!node.IsUnschedulable)
        {
            return new(new NodeEdit(node).Unnote(AgentMark.Cordoned).Note(AgentMark.Undone, mark.Write()),
                ActionResult.NotPossible($"Somebody uncordoned node {node.Name} before: a person has the last word while {mark.Problem} stands."));
        }
        return new(new NodeEdit(node).Uncordon().Unnote(AgentMark.Cordoned), Uncordoned(node));
    }

    private static ActionResult Uncordoned(NodeSnapshot node) => ActionResult.Done($"Node {node.Name} is uncordoned.");
}
