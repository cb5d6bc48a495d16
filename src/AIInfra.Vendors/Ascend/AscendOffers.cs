using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Ascend;

/// <summary>Offers each chip under the name and the ids of the vendor's plugin, so that pods it served go on; a divided chip by its virtual NPUs, each size under its own name.</summary>
internal sealed class AscendOffers : IOfferPolicy
{
    public string Vendor => AscendFields.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        var parts = inventory.Devices.Where(device => device.ParentId is not null).ToLookup(device => device.ParentId!, StringComparer.Ordinal);
        var units = inventory.Devices.Where(device => device is { ParentId: null, IsHeldBack: false }).DistinctBy(device => device.Id)
            .SelectMany(chip => parts.Contains(chip.Id) ? parts[chip.Id].OrderBy(part => part.Partition?.Instance).Select(part => UnitOf(chip, part)) : [UnitOf(chip, null)]);
        return new Offer(
            [.. units.GroupBy(unit => unit.First.ResourceName, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new OfferedResource
                {
                    Name = group.Key,
                    Units = [.. group.OrderBy(unit => PhyOf(unit.First, inventory))],
                    MostPerContainer = group.First().First.ParentId is null ? null : 1, // the vendor's runtime gives a container one virtual NPU
                })],
            []);
    }

    private static OfferedUnit UnitOf(Device chip, Device? part)
    {
        var (phy, type) = (chip.Traits.GetValueOrDefault(AscendTraits.Phy), chip.ResourceName[(chip.ResourceName.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        var id = phy is null ? (part ?? chip).Id
            : part is null ? $"{type}-{phy}"
            : string.Create(CultureInfo.InvariantCulture, $"{part.ResourceName[(AscendFamily.Domain.Length + 1)..]}-{part.Partition?.Instance}-{phy}");
        return new OfferedUnit { Id = id, Devices = [part ?? chip] };
    }

    private static int PhyOf(Device device, VendorInventory inventory)
    {
        var chip = device.ParentId is { } parent ? inventory.Devices.FirstOrDefault(other => other.Id == parent) ?? device : device;
        return AscendPlace.Of(chip)?.Phy ?? int.MaxValue;
    }
}
