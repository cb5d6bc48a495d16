using System.Collections.Immutable;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>A node step that the aggregator does with its account (<c>remediation.drain: aggregator</c>), so that the agent's token can change no node's spec and evict nothing.</summary>
/// <param name="name">Of <see cref="NodeSteps"/>.</param>
/// <param name="aggregator">Null where there is none.</param>
internal sealed class DelegatedStep(string name, IAggregatorSteps? aggregator) : IRemediationAction
{
    internal const string NoAggregator = "remediation.drain is aggregator, and there is no aggregator to cordon and drain with its account. Name one in fleet.aggregator, or set remediation.drain: self and give the agents the rights of deploy/kubernetes/drain-self.yaml.";

    public string Name => name;
    public bool IsDisruptive => name is not (NodeSteps.Uncordon or TaintNode.Taint);

    private string? WhyNot => aggregator is null ? NoAggregator : aggregator.WhyNot;

    public string? Refuse(ImmutableArray<string> arguments) => name switch
    {
        NodeSteps.Uncordon => arguments.IsEmpty ? null : "are none",
        TaintNode.Taint => TaintNode.RefuseAll(arguments),
        _ => DrainRules.Refuse(arguments),
    };

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) =>
        Task.FromResult(WhyNot is { } whyNot ? Preparation.NotPossible(whyNot) : Preparation.Ready(new ActionProof(ProofKind.Level, planned.Id)));

    public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken) =>
        WhyNot is { } whyNot ? Task.FromResult(new ActionResult(name == NodeSteps.Uncordon ? ActionOutcome.Failed : ActionOutcome.NotPossible, whyNot)) : aggregator!.DoAsync(planned, cancellationToken);

    public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken) =>
        aggregator is null ? Task.FromResult(ActionResult.Unknown(NoAggregator)) : aggregator.LookAsync(planned, cancellationToken); // also one that is not reached yet: the agent has just started
}
