using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AIInfra.Core.Sharing;

/// <summary>A container of a pod. All three come from outside: escape them wherever they are shown.</summary>
public readonly record struct PodHolder(string Namespace, string Pod, string Container)
{
    public override string ToString() => $"{Namespace}/{Pod}/{Container}";
}

/// <param name="Resource">Its extended resource.</param>
/// <param name="Id">As it was allocated: see <see cref="OfferedUnit.Id"/>.</param>
public readonly record struct HeldUnit(string Resource, string Id, PodHolder Holder);

/// <summary>Why it is not known who holds what.</summary>
public enum PodResourcesGap
{
    NotAsked,
    /// <summary>kubelet.podResources is false.</summary>
    Off,
    NoKubelet,
    /// <summary>The socket is there and may not be opened.</summary>
    Permission,
    /// <summary>The kubelet turns callers away: it is asked too often.</summary>
    Busy,
    TooLarge,
    /// <summary>No answer in time.</summary>
    Silent,
    Refused,
}

/// <summary>Who holds what of this node's extended resources, as its kubelet last said. Immutable.</summary>
/// <remarks>Active pods only; ordinary init containers are not among their containers (kubelet 1.36).</remarks>
public sealed class PodResourcesSnapshot
{
    private readonly FrozenDictionary<string, ImmutableArray<PodHolder>> _byId;

    private PodResourcesSnapshot(
        DateTimeOffset? takenAt, string? reason, ImmutableArray<HeldUnit> held, FrozenSet<(string Namespace, string Name)> pods, FrozenSet<(string Namespace, string Name)> claimants)
    {
        (TakenAt, Reason, Held, Pods, Claimants) = (takenAt, reason, held, pods, claimants);
        _byId = held.GroupBy(unit => unit.Id, unit => unit.Holder, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.Distinct().ToImmutableArray(), StringComparer.Ordinal);
    }

    /// <summary>When the kubelet was asked; null when <see cref="IsKnown"/> is false.</summary>
    public DateTimeOffset? TakenAt { get; }
    /// <summary>False: nobody knows who holds what. That is not the same as "nobody holds it".</summary>
    public bool IsKnown => TakenAt is not null;
    /// <summary>Why it is not known, as a sentence; null when it is.</summary>
    public string? Reason { get; }
    /// <summary>The kind of it; meaningless when it is known.</summary>
    public PodResourcesGap Gap { get; private init; }
    /// <summary>Sorted by resource, id and holder; each once.</summary>
    public ImmutableArray<HeldUnit> Held { get; }
    /// <summary>All active pods, also those that hold nothing.</summary>
    public FrozenSet<(string Namespace, string Name)> Pods { get; }
    /// <summary>Pods that hold something through a claim (Dynamic Resource Allocation): what, is not known here.</summary>
    public FrozenSet<(string Namespace, string Name)> Claimants { get; }

    public static PodResourcesSnapshot Unknown(string reason, PodResourcesGap gap = PodResourcesGap.NotAsked) =>
        new(null, reason, [], FrozenSet<(string, string)>.Empty, FrozenSet<(string, string)>.Empty) { Gap = gap };

    public static PodResourcesSnapshot Of(
        DateTimeOffset takenAt, IEnumerable<HeldUnit> held, IEnumerable<(string Namespace, string Name)> pods, IEnumerable<(string Namespace, string Name)> claimants) => new(
        takenAt, null,
        [.. held.Distinct().OrderBy(unit => unit.Resource, StringComparer.Ordinal).ThenBy(unit => unit.Id, StringComparer.Ordinal).ThenBy(unit => unit.Holder.ToString(), StringComparer.Ordinal)],
        pods.ToFrozenSet(), claimants.ToFrozenSet());

    /// <summary>Of several kubelets on one node; it is as old as the oldest of them.</summary>
    public static PodResourcesSnapshot Join(IReadOnlyCollection<PodResourcesSnapshot> kubelets) => kubelets.FirstOrDefault(one => !one.IsKnown) ?? (kubelets.Count == 1
        ? kubelets.First()
        : Of(kubelets.Min(one => one.TakenAt)!.Value, kubelets.SelectMany(one => one.Held), kubelets.SelectMany(one => one.Pods), kubelets.SelectMany(one => one.Claimants)));

    /// <summary>Of a unit, over all resources; empty when nobody holds it, or when that is not known.</summary>
    public ImmutableArray<PodHolder> HoldersOf(string unitId) => _byId.TryGetValue(unitId, out var holders) ? holders : [];

    /// <summary>Who holds each device, by its id: through any unit that it is behind. Devices that nobody holds are left out.</summary>
    /// <remarks>A unit that is no longer offered counts for the device whose id it bears, with or without the number of a replica.</remarks>
    public FrozenDictionary<string, ImmutableArray<PodHolder>> ByDevice(NodeOffer offer)
    {
        var devices = offer.Resources.SelectMany(resource => resource.Units).ToDictionary(unit => unit.Id, unit => unit.Devices, StringComparer.Ordinal);
        var found = new Dictionary<string, SortedSet<PodHolder>>(StringComparer.Ordinal);
        foreach (var held in Held)
        {
            IEnumerable<string> behind = devices.TryGetValue(held.Id, out var known) ? known.Select(device => device.Id) : [held.Id.Split("::", 2)[0]];
            foreach (var device in behind)
            {
                if (!found.TryGetValue(device, out var holders))
                    found[device] = holders = new SortedSet<PodHolder>(Comparer<PodHolder>.Create((one, other) => string.CompareOrdinal(one.ToString(), other.ToString())));
                holders.Add(held.Holder);
            }
        }
        return found.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.ToImmutableArray(), StringComparer.Ordinal);
    }
}
