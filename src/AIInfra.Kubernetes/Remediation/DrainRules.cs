using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Kubernetes.Remediation;

internal enum PodFate
{
    /// <summary>It may stay.</summary>
    Stays,
    Moves,
    /// <summary>It has to go, and the rules forbid to move it.</summary>
    Holds,
}

/// <param name="Why">For those that hold, what would change it; for those that stay, the reason.</param>
internal sealed record PodVerdict(PodFate Fate, string Why);

/// <summary>Which pods a drain may move, and how: the arguments of <c>drain</c>.</summary>
internal sealed record DrainRules
{
    public const string Forms = "are any of unmanaged=evict, empty-dir=refuse, do-not-disrupt=evict, grace=TIME and force-after=TIME (as in 30s, 10m)";

    private const string DoNotDisrupt = "karpenter.sh/do-not-disrupt", SafeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict", Mirror = "kubernetes.io/config.mirror";

    /// <summary>Pods that nobody makes anew are moved: they are lost.</summary>
    public bool MovesUnmanaged { get; init; }
    /// <summary>Pods with an emptyDir are moved: what is in it is lost. Training pods have one for their shared memory.</summary>
    public bool MovesEmptyDir { get; init; } = true;
    /// <summary>Pods that ask not to be disrupted are moved all the same.</summary>
    public bool MovesMarked { get; init; }
    /// <summary>No pod gets longer to end; null: each its own time.</summary>
    public TimeSpan? MostGrace { get; init; }
    /// <summary>After so long a pod that its budget keeps is deleted without asking the budget; null: never.</summary>
    public TimeSpan? ForceAfter { get; init; }

    public static string? Refuse(ImmutableArray<string> arguments) =>
        arguments.Select(one => one.Split('=')[0]).Distinct(StringComparer.Ordinal).Count() == arguments.Length && arguments.All(one => Apply(new DrainRules(), one) is not null) ? null : $"{Forms}, each once";

    /// <param name="arguments">That were not refused.</param>
    public static DrainRules Of(ImmutableArray<string> arguments) => arguments.Aggregate(new DrainRules(), (rules, one) => Apply(rules, one) ?? rules);

    /// <summary>What becomes of a pod that stands on what has to be freed.</summary>
    public PodVerdict Judge(PodObject pod, DrainScope scope)
    {
        var notes = pod.Metadata.Annotations ?? ImmutableSortedDictionary<string, string>.Empty;
        var owner = (pod.Metadata.OwnerReferences ?? []).FirstOrDefault(one => one.Controller == true);
        if (pod.Status.Phase is "Succeeded" or "Failed")
            return new(PodFate.Stays, "has ended");
        if (notes.ContainsKey(Mirror))
            return Fixed("the kubelet runs it from a file of the node", scope);
        if (owner is { Kind: "DaemonSet" })
            return Fixed($"DaemonSet {owner.Name} would start it here again", scope);
        if (pod.Metadata.DeletionTimestamp is not null)
            return new(PodFate.Moves, "");
        if (!MovesMarked && (notes.GetValueOrDefault(DoNotDisrupt) == "true" || notes.GetValueOrDefault(SafeToEvict) == "false"))
            return new(PodFate.Holds, $"it asks not to be disrupted ({(notes.GetValueOrDefault(DoNotDisrupt) == "true" ? DoNotDisrupt : SafeToEvict)}); do-not-disrupt=evict moves it all the same");
        if (!MovesUnmanaged && owner is null)
            return new(PodFate.Holds, "nothing would start it anew elsewhere; unmanaged=evict ends it");
        if (!MovesEmptyDir && pod.Spec.Volumes.Any(volume => volume.EmptyDir is not null))
            return new(PodFate.Holds, "it has an emptyDir, which would be lost; empty-dir=refuse keeps it");
        return new(PodFate.Moves, "");
    }

    /// <summary>What to ask for at most; null leaves it to the pod.</summary>
    public int? GraceOf(PodObject pod) => MostGrace is { } most && most.TotalSeconds < (pod.Spec.TerminationGracePeriodSeconds ?? 30) ? Math.Max(1, (int)most.TotalSeconds) : null;

    /// <summary>On a node that is emptied such pods may stay; on a device that is reset they may not, and moving them is of no use.</summary>
    private static PodVerdict Fixed(string why, DrainScope scope) => new(scope == DrainScope.Device ? PodFate.Holds : PodFate.Stays, why);

    private static DrainRules? Apply(DrainRules rules, string argument) => argument.Split('=', 2) switch
    {
        ["unmanaged", "evict"] => rules with { MovesUnmanaged = true },
        ["empty-dir", "refuse"] => rules with { MovesEmptyDir = false },
        ["do-not-disrupt", "evict"] => rules with { MovesMarked = true },
        ["grace", var time] when TimeOf(time) is { } grace => rules with { MostGrace = grace },
        ["force-after", var time] when TimeOf(time) is { } after => rules with { ForceAfter = after },
        _ => null,
    };

    private static TimeSpan? TimeOf(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 100_000)
            return null;
        return text[^1] switch { 's' => TimeSpan.FromSeconds(number), 'm' => TimeSpan.FromMinutes(number), 'h' => TimeSpan.FromHours(number), _ => null };
    }
}
