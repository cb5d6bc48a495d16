using System.Collections.Immutable;

namespace AIInfra.Core.Sharing;

/// <summary>All that the node offers, of every vendor. Immutable. What could not be offered was left out and is said in <see cref="Faults"/>.</summary>
/// <param name="Resources">By name, each name once, names and ids valid, ids unique over all of them.</param>
/// <param name="Faults">One sentence each: what is not offered, why, and what to do.</param>
public sealed record NodeOffer(ImmutableArray<OfferedResource> Resources, ImmutableArray<string> Faults)
{
    /// <summary>A list of more is near what the kubelet can read in one message, and each change makes it write them all.</summary>
    public const int MostUnits = 10_000;

    private const int MostFaults = 100;

    public static NodeOffer Nothing { get; } = new([], []);

    public OfferedResource? Find(string resource) => Resources.FirstOrDefault(offered => offered.Name == resource);

    /// <summary>Joins the vendors' offers. Of two that claim one id the earlier keeps it, of two that claim one name both add their units.</summary>
    public static NodeOffer Join(IEnumerable<Offer> offers)
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        var byName = new SortedDictionary<string, OfferedResource>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.Ordinal); // id -> resource
        foreach (var offer in offers)
        {
            faults.AddRange(offer.Faults);
            foreach (var resource in offer.Resources)
            {
                if (ResourceName.Fault(resource.Name) is { } fault)
                {
                    faults.Add($"{resource.Name} is not a resource name: {fault}. Its devices are not offered; other resources are.");
                    continue;
                }
                ImmutableArray<OfferedUnit> units = [.. resource.Units.Where(unit => IsGood(resource.Name, unit, owners, faults))];
                byName[resource.Name] = byName.TryGetValue(resource.Name, out var before)
                    ? before with { Units = [.. before.Units, .. units], MostPerContainer = Least(before.MostPerContainer, resource.MostPerContainer) }
                    : resource with { Units = units };
            }
        }
        foreach (var tooMany in byName.Values.Where(resource => resource.Units.Length > MostUnits).ToArray())
        {
            byName.Remove(tooMany.Name);
            faults.Add($"{tooMany.Name} would have {tooMany.Units.Length} units; at most {MostUnits} are offered, because the kubelet reads and stores the whole list at "
                + "each change. It is not offered at all: make the units larger, or the replicas fewer.");
        }
        if (faults.Count > MostFaults)
        {
            var more = faults.Count - MostFaults;
            faults.Count = MostFaults;
            faults.Add($"And {more} more.");
        }
        return new NodeOffer([.. byName.Values.Where(resource => !resource.Units.IsEmpty)], faults.DrainToImmutable());
    }

    private static bool IsGood(string resource, OfferedUnit unit, Dictionary<string, string> owners, ImmutableArray<string>.Builder faults)
    {
        var fault = ResourceName.FaultOfId(unit.Id)
            ?? (unit.Devices.IsDefaultOrEmpty ? "there is no device behind it" : null)
            ?? (owners.TryAdd(unit.Id, resource) ? null
                : owners[unit.Id] == resource ? "its id was given already; an id is unique on the node"
                : $"its id was given already, to {owners[unit.Id]}; an id is unique on the node");
        if (fault is not null)
            faults.Add($"{resource}: device {unit.Id} is not offered: {fault}. The other devices are.");
        return fault is null;
    }

    private static int? Least(int? one, int? other) => one is { } first && other is { } second ? Math.Min(first, second) : one ?? other;
}
