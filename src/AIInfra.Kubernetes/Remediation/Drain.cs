using System.Collections.Immutable;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Remediation;

/// <summary><c>drain</c>: has the pods moved that stand on the node or on the devices that are reset, by eviction, so that their disruption budgets are kept.
/// Its state is what the API server says: after a crash it is looked at again.</summary>
internal sealed class Drain(ClusterBoard cluster, PodBoard pods, DrainLook look, StepProgress progress, TimeProvider time, Func<double> random) : IRemediationAction
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(5), LongestLook = TimeSpan.FromSeconds(50);

    public string Name => NodeSteps.Drain;
    public bool IsDisruptive => true;

    public string? Refuse(ImmutableArray<string> arguments) => DrainRules.Refuse(arguments);

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => look.PrepareAsync(planned, cancellationToken);

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (cluster.Current.Value is not { WhyNot: null })
            return ActionResult.NotPossible(cluster.Current.Value.WhyNot!);
        return await new DrainRun(cluster, pods, look, planned, progress, time, random).RunAsync(cancellationToken);
    }

    /// <summary>Looks whether pods are left; asks none to leave. Where some are, or that is not found out, the drain is gone on with: asking again does no harm.</summary>
    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(LongestLook, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var backoff = new Backoff(Pause, LongestPause, random);
        var whyNot = "";
        try
        {
            while (true)
            {
                try
                {
                    if (cluster.Current.Value is not { WhyNot: null, Link: { } link })
                        whyNot = cluster.Current.Value.WhyNot ?? "";
                    else if ((await look.FindAsync(link, planned, DrainRules.Of(planned.Arguments), null, either.Token)) is var (found, why) && found is null)
                        whyNot = why;
                    else
                        return found.IsEmpty ? ActionResult.Done("No pod stands in the way any more.") : Left([.. found.Moving.Concat(found.Holding.Select(held => held.Pod)).Select(DrainLook.NameOf)]);
                }
                catch (ApiException fault)
                {
                    whyNot = DrainLook.Explain(fault);
                }
                await Task.Delay(backoff.Next(), time, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return CutShort($"whether pods are left is not known: {whyNot}");
        }
    }

    private static ActionResult Left(ImmutableArray<string> pods) => CutShort($"{pods.Length} pods are left: {DrainLook.Show(pods)}.");

    private static ActionResult CutShort(string left) => ActionResult.Failed($"The agent ended before the drain did; {left}") with { GoesOn = true };
}
