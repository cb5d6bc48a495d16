using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>What a drain finds when it looks: pods that may stay are left out.</summary>
/// <param name="Moving">Those that have to go and may be moved; also those that go already.</param>
/// <param name="Holding">Those that have to go and may not be moved, with what would change it.</param>
internal sealed record DrainFindings(ImmutableArray<PodObject> Moving, ImmutableArray<(PodObject Pod, string Why)> Holding)
{
    public bool IsEmpty => Moving.IsEmpty && Holding.IsEmpty;
}

/// <summary>Looks which pods stand in the way, and changes nothing. Every look asks the API server: what was watched may be behind.</summary>
internal sealed class DrainLook(ClusterBoard cluster, IDevicePods devices)
{
    private const int MostShown = 5, MostVictims = 200;

    /// <param name="gone">Since when pods under that name have left: another one that comes is touched only when the kubelet says later that it holds the device.</param>
    /// <exception cref="ApiException">The pods could not be listed.</exception>
    /// <returns>Null with why not when it cannot be known.</returns>
    public async Task<(DrainFindings? Findings, string WhyNot)> FindAsync(
        ClusterLink link, ActionStep step, DrainRules rules, IReadOnlyDictionary<(string Namespace, string Name), DateTimeOffset>? gone, CancellationToken cancellationToken)
    {
        var holders = (Pods: (ImmutableHashSet<(string, string)>?)null, WhyNot: "", At: default(DateTimeOffset));
        if (step.Drain == DrainScope.Device && (holders = devices.HoldersOf(DevicesOf(step))).Pods is null)
            return (null, holders.WhyNot);
        var list = await link.Client.ListAsync(ApiResources.Pods, null, $"spec.nodeName={link.NodeName}", cancellationToken);
        var (moving, holding) = (ImmutableArray.CreateBuilder<PodObject>(), ImmutableArray.CreateBuilder<(PodObject, string)>());
        foreach (var pod in list.Items.OrderBy(NameOf, StringComparer.Ordinal))
        {
            if (pod.Metadata is not { Namespace: { } space, Name: { } name, Uid: not null } || pod.Spec.NodeName != link.NodeName)
                continue;
            if (holders.Pods is { } known && (!known.Contains((space, name)) || (gone?.TryGetValue((space, name), out var left) == true && holders.At <= left)))
                continue;
            var verdict = rules.Judge(pod, step.Drain);
            if (verdict.Fate == PodFate.Moves)
                moving.Add(pod);
            else if (verdict.Fate == PodFate.Holds)
                holding.Add((pod, verdict.Why));
        }
        return (new DrainFindings(moving.ToImmutable(), holding.ToImmutable()), "");
    }

    /// <summary>May it be drained now, and who would have to leave.</summary>
    public async Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (cluster.Current.Value is not { WhyNot: null, Link: { } link })
            return Preparation.NotPossible(cluster.Current.Value.WhyNot ?? "The API server is not spoken to.");
        try
        {
            var rules = DrainRules.Of(planned.Arguments);
            var (findings, whyNot) = await FindAsync(link, planned, rules, null, cancellationToken);
            if (findings is null)
                return Preparation.NotPossible(whyNot);
            if (!findings.Holding.IsEmpty)
                return Preparation.NotPossible($"Not to be moved: {Show(findings.Holding.Select(held => $"{NameOf(held.Pod)} ({held.Why})"))}.");
            if (rules.ForceAfter is null && await Budgets.NeverAsync(link.Client, findings.Moving, cancellationToken) is { } budget)
                return Preparation.NotPossible(budget);
            return new Preparation(null, [], new ActionProof(ProofKind.Level, $"{findings.Moving.Length}"), [.. findings.Moving.Take(MostVictims).Select(NameOf)]);
        }
        catch (ApiException fault)
        {
            return Preparation.NotPossible(Explain(fault));
        }
    }

    /// <summary>A few of them, and how many more there are.</summary>
    public static string Show(IEnumerable<string> all)
    {
        var list = all.ToList();
        return string.Join(", ", list.Take(MostShown)) + (list.Count > MostShown ? $" and {list.Count - MostShown} more" : "");
    }

    public static string NameOf(PodObject pod) => $"{pod.Metadata.Namespace}/{pod.Metadata.Name}";

    public static string Explain(ApiException fault) => fault.Fault == ApiFault.Forbidden ? $"{fault.Message} The rights to drain are in deploy/kubernetes/drain-self.yaml, an aggregator's in aggregator-rbac.yaml." : fault.Message;

    private static ImmutableArray<string> DevicesOf(ActionStep step) => !step.ResetGroup.IsEmpty ? step.ResetGroup : step.Subject.Kind == SubjectKind.Device ? [step.Subject.Id] : [];
}
