using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>What is to be written, if anything, and what has become of the step when that is done.</summary>
internal readonly record struct NodeDecision(NodeEdit? Edit, ActionResult Result)
{
    public static NodeDecision Nothing(ActionResult result) => new(null, result);
}

/// <summary>Changes this node's object: reads it fresh, has it decided upon, and writes only onto what was read. Anew where it changed meanwhile, or where it is not known whether it was taken.</summary>
internal sealed class NodeWriter(ClusterBoard cluster, TimeProvider time, Func<double> random)
{
    private const int MostRefusals = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200), LongestPause = TimeSpan.FromSeconds(5);

    /// <param name="decide">Given the node as it is now, and whether this step may have written to it already.</param>
    /// <param name="blocked">What it is when the API server does not let it be done.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    public async Task<ActionResult> RunAsync(Func<NodeSnapshot, bool, NodeDecision> decide, ActionOutcome blocked, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(FirstPause, LongestPause, random);
        var (isTried, mayBeTaken, refusals, last) = (false, false, 0, "It was not tried.");
        try
        {
            while (true)
            {
                if (cluster.Current.Value is not { WhyNot: null, Link: { } link })
                    return mayBeTaken ? ActionResult.Unknown($"{last} {cluster.Current.Value.WhyNot}") : new ActionResult(blocked, cluster.Current.Value.WhyNot ?? last);
                TimeSpan? askedFor;
                try
                {
                    var node = NodeSnapshot.Of(await link.Client.GetAsync(ApiResources.Nodes, null, link.NodeName, cancellationToken));
                    mayBeTaken = false;
                    var decision = decide(node, isTried);
                    if (decision.Edit is not { } edit)
                        return decision.Result;
                    (isTried, mayBeTaken) = (true, true);
                    link.Node.Take(NodeSnapshot.Of(await link.Client.PatchAsync(ApiResources.Nodes, null, link.NodeName, null, edit.ToPatch(), cancellationToken, isUrgent: true)));
                    return decision.Result;
                }
                catch (ApiException fault)
                {
                    (last, askedFor) = (fault.Message, fault.RetryAfter);
                    var isRefused = fault.Fault is ApiFault.Conflict or ApiFault.Invalid or ApiFault.Forbidden or ApiFault.NotFound or ApiFault.Unauthorized or ApiFault.TooMany;
                    mayBeTaken &= !isRefused;
                    refusals += fault.Fault == ApiFault.Invalid ? 1 : 0; // how a test of a patch fails too
                    if (!fault.IsTransient && (fault.Fault != ApiFault.Invalid || refusals >= MostRefusals))
                        return mayBeTaken ? ActionResult.Unknown(last) : new ActionResult(blocked, last);
                }
                await Task.Delay(backoff.Next(askedFor), time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return mayBeTaken ? ActionResult.Unknown($"It was asked for, and not found out whether it was done: {last}") : ActionResult.Failed($"It was ended before it could be done. {last}");
        }
    }

    /// <summary>Looks at the node fresh, for as long as it takes; changes nothing.</summary>
    /// <returns>Null with why not when it could not be read before the end.</returns>
    public async Task<(NodeSnapshot? Node, string WhyNot)> LookAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(FirstPause, LongestPause, random);
        var why = "";
        try
        {
            while (true)
            {
                var state = cluster.Current.Value;
                why = state.WhyNot ?? why;
                if (state is { IsOff: true })
                    return (null, why);
                if (state is { WhyNot: null, Link: { } link })
                {
                    try
                    {
                        return (NodeSnapshot.Of(await link.Client.GetAsync(ApiResources.Nodes, null, link.NodeName, cancellationToken)), "");
                    }
                    catch (ApiException fault)
                    {
                        why = fault.Message;
                    }
                }
                await Task.Delay(backoff.Next(), time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return (null, why);
        }
    }
}
