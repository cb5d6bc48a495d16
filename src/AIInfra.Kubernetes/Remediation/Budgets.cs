using System.Collections.Immutable;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>Disruption budgets that would hold a drain up for ever. One that allows nothing at the moment is no reason: the eviction itself asks it, again and again.</summary>
internal static class Budgets
{
    /// <summary>Where the right to read budgets is missing, nothing is said: the server judges each eviction all the same.</summary>
    /// <returns>Null, or in a sentence which budget allows none of its pods ever to be moved.</returns>
    /// <exception cref="ApiException">They could not be read.</exception>
    public static async Task<string?> NeverAsync(ApiClient client, ImmutableArray<PodObject> pods, CancellationToken cancellationToken)
    {
        foreach (var space in pods.Select(pod => pod.Metadata.Namespace!).Distinct(StringComparer.Ordinal))
        {
            try
            {
                var budgets = await client.ListAsync(ApiResources.Budgets, space, null, cancellationToken);
                foreach (var budget in budgets.Items.Where(AllowsNever))
                {
                    if (pods.FirstOrDefault(pod => pod.Metadata.Namespace == space && pod.Metadata.DeletionTimestamp is null && pod.Status.Phase != "Pending" && budget.Spec.Selector?.Takes(pod.Metadata.Labels) == true) is { } pod)
                        return $"Disruption budget {space}/{budget.Metadata.Name} wants {budget.Status.DesiredHealthy} of {budget.Status.ExpectedPods} pods and so never lets {DrainLook.NameOf(pod)} go: its owner has to loosen it.";
                }
            }
            catch (ApiException fault) when (fault.Fault == ApiFault.Forbidden)
            {
                return null;
            }
        }
        return null;
    }

    private static bool AllowsNever(BudgetObject budget) => budget.Spec.UnhealthyPodEvictionPolicy != "AlwaysAllow" && budget.Status is { DisruptionsAllowed: 0, ExpectedPods: > 0 and var pods, DesiredHealthy: { } wanted } && wanted >= pods;
}
