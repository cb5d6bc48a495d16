using System.Collections.Immutable;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary><c>cordon</c>: no new pods come to the node. Marked as the agent's, so that nothing but that is taken back. A node that somebody else cordoned is left as it is.</summary>
/// <param name="drain">Whether the pods can be moved is looked at before the node is closed to new ones.</param>
internal sealed class Cordon(ClusterBoard cluster, NodeWriter writer, DrainLook drain, TimeProvider time) : IRemediationAction
{
    public string Name => NodeSteps.Cordon;
    public bool IsDisruptive => true;

    public string? Refuse(ImmutableArray<string> arguments) => DrainRules.Refuse(arguments);

    public async Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (cluster.Current.Value.WhyNot is { } whyNot)
            return Preparation.NotPossible(whyNot);
        if (cluster.Current.Value.Link?.Node.Node is { } node && AgentMark.UndoneOn(node) is { } undone && undone.IsFor(planned))
            return Preparation.NotPossible(UndoneBy(node.Name, undone));
        var proof = new ActionProof(ProofKind.Level, planned.Operation);
        if (planned.Drain != DrainScope.Node)
            return Preparation.Ready(proof);
        var look = await drain.PrepareAsync(planned, cancellationToken);
        return look with { Proof = proof };
    }

    public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken) => writer.RunAsync((node, _) =>
    {
        var mark = AgentMark.Of(planned, time.GetUtcNow());
        if (node.IsUnschedulable)
        {
            return AgentMark.Read(node, AgentMark.Cordoned) switch
            {
                null => NodeDecision.Nothing(ActionResult.Done($"Node {node.Name} was cordoned by somebody else before; it stays so afterwards.")),
                { } ours when ours.Operation == planned.Operation => NodeDecision.Nothing(ActionResult.Done($"Node {node.Name} is cordoned.")),
                { } ours => new(new NodeEdit(node).Note(AgentMark.Cordoned, mark.Write()), ActionResult.Done($"Node {node.Name} is cordoned since operation {ours.Operation} ({ours.Problem}); this one takes it over.")),
            };
        }
        if (AgentMark.UndoneOn(node) is { } undone && undone.IsFor(planned))
            return NodeDecision.Nothing(ActionResult.NotPossible(UndoneBy(node.Name, undone)));
        return new(new NodeEdit(node).Cordon().Note(AgentMark.Cordoned, mark.Write()).Unnote(AgentMark.Undone), ActionResult.Done($"Node {node.Name} is cordoned."));
    }, ActionOutcome.NotPossible, cancellationToken);

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (node, whyNot) = await writer.LookAsync(cancellationToken);
        if (node is null)
            return ActionResult.Unknown($"Whether the node was cordoned is not known: {whyNot}");
        var mark = AgentMark.Read(node, AgentMark.Cordoned) ?? AgentMark.Read(node, AgentMark.Undone);
        return mark?.Operation == planned.Operation || node.IsUnschedulable
            ? ActionResult.Done($"Node {node.Name} was cordoned{(mark?.Operation == planned.Operation ? "" : " by somebody else")}{(node.IsUnschedulable ? "" : ", and somebody has uncordoned it since")}.")
            : ActionResult.Failed($"Node {node.Name} was not cordoned.");
    }

    private static string UndoneBy(string node, AgentMark mark) =>
        $"Somebody uncordoned node {node} after the agent had cordoned it for {mark.Problem} on {mark.Subject} (operation {mark.Operation}): it is not cordoned again for that problem.";
}
