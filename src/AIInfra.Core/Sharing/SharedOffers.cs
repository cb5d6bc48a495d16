using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Sharing;

/// <summary>Multiplies what another policy offers: a shared device is offered once for each replica, with the id <c>DEVICE::NUMBER</c>.</summary>
public sealed class SharedOffers(IOfferPolicy whole, SharingPlan plan) : IOfferPolicy
{
    public string Vendor => whole.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        var offer = whole.Decide(inventory);
        if (plan.Rules.IsEmpty)
            return offer with { Resources = [.. offer.Resources.Select(resource => resource with { Placement = plan.Placement })] };
        var resources = ImmutableArray.CreateBuilder<OfferedResource>();
        var faults = offer.Faults.ToBuilder();
        foreach (var resource in offer.Resources)
            resources.AddRange(Share(resource with { Placement = plan.Placement }, faults));
        return new Offer([.. resources.OrderBy(resource => resource.Name, StringComparer.Ordinal)], faults.ToImmutable());
    }

    private IEnumerable<OfferedResource> Share(OfferedResource resource, ImmutableArray<string>.Builder faults)
    {
        if (plan.Find(resource.Name) is not { } rule)
            return [resource];
        var shared = Chosen(resource, rule, faults);
        var replicas = Replicas(resource, rule, shared.Count, faults);
        if (replicas < SharingPlan.LeastReplicas || shared.Count == 0)
            return [resource];
        int? most = plan.IsOnePerContainer ? 1 : null;
        if (!plan.RenamesShared)
            return [resource with { MostPerContainer = most, Units = [.. resource.Units.SelectMany(unit => shared.Contains(unit) ? Replicate(unit, replicas) : [unit])] }];
        var own = resource with
        {
            Name = resource.Name + SharingPlan.SharedSuffix,
            MostPerContainer = most,
            Units = [.. resource.Units.Where(shared.Contains).SelectMany(unit => Replicate(unit, replicas))],
        };
        var rest = resource with { Units = [.. resource.Units.Where(unit => !shared.Contains(unit))] };
        return rest.Units.IsEmpty ? [own] : [rest, own];
    }

    private static HashSet<OfferedUnit> Chosen(OfferedResource resource, ShareRule rule, ImmutableArray<string>.Builder faults)
    {
        if (rule.Count is { } count)
        {
            if (count > resource.Units.Length)
                faults.Add($"{resource.Name}: {count} devices shall be shared and there are {resource.Units.Length}; all of them are. Make the count smaller, or share all.");
            return [.. resource.Units.OrderBy(unit => unit.First.Index).ThenBy(unit => unit.First.Partition?.Number).Take(count)];
        }
        if (rule.Devices.IsEmpty)
            return [.. resource.Units];
        foreach (var stranger in rule.Devices.Where(reference => !resource.Units.Any(unit => ShareRule.IsNamed(unit, reference))))
            faults.Add($"{resource.Name}: the device {stranger}, which shall be shared, is not there. The others are offered; correct the list of devices.");
        return [.. resource.Units.Where(unit => rule.Devices.Any(reference => ShareRule.IsNamed(unit, reference)))];
    }

    /// <summary>So many that the resource stays as large as the kubelet can take.</summary>
    private static int Replicas(OfferedResource resource, ShareRule rule, int shared, ImmutableArray<string>.Builder faults)
    {
        var room = NodeOffer.MostUnits - (resource.Units.Length - shared);
        if (shared == 0 || (long)shared * rule.Replicas <= room)
            return rule.Replicas;
        faults.Add($"{resource.Name}: {rule.Replicas} replicas of {shared} devices are more than the {NodeOffer.MostUnits} units that the kubelet is given; each is offered {room / shared} times. Ask for fewer replicas.");
        return room / shared;
    }

    private static IEnumerable<OfferedUnit> Replicate(OfferedUnit unit, int replicas) => Enumerable.Range(0, replicas).Select(number =>
        unit with { Id = string.Create(CultureInfo.InvariantCulture, $"{unit.Id}::{number}"), Replica = number });
}
