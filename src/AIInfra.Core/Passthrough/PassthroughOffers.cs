using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Passthrough;

/// <summary>Offers boards for virtual machines, an IOMMU group as one unit, and answers as KubeVirt reads it.</summary>
internal sealed class PassthroughOffers : IOfferPolicy, IAllocator
{
    private const string Variable = "PCI_RESOURCE_";

    public string Vendor => PassthroughScan.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        foreach (var board in inventory.Devices.Where(board => board.Traits.ContainsKey(PassthroughScan.HeldBy)))
        {
            faults.Add($"{board.PciAddress} ({board.Model}) is not offered to virtual machines: {board.Traits[PassthroughScan.HeldBy]}, in the same IOMMU group "
                + $"{board.Traits[PassthroughScan.Group]}, and a group goes to a guest whole. Bind that function to vfio-pci too.");
        }
        return new Offer(
            [.. inventory.Devices.Where(board => !board.IsHeldBack)
                .GroupBy(board => board.Traits[PassthroughScan.Group], StringComparer.Ordinal)
                .Select(group => new OfferedUnit { Id = group.First().Id, Devices = [.. group] })
                .GroupBy(unit => unit.First.ResourceName, StringComparer.Ordinal)
                .OrderBy(resource => resource.Key, StringComparer.Ordinal)
                .Select(resource => new OfferedResource { Name = resource.Key, Units = [.. resource] })],
            faults.ToImmutable());
    }

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        ImmutableArray<Device> boards = [.. units.SelectMany(unit => unit.Devices)];
        return new AllocationSpec
        {
            Environment = ImmutableSortedDictionary<string, string>.Empty.Add(VariableOf(resource.Name), string.Join(',', boards.Select(board => board.PciAddress))),
            DeviceNodes = [.. boards.SelectMany(board => board.DeviceNodes).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rwm"))],
        };
    }

    /// <summary>The variable in which KubeVirt looks for the addresses of a resource.</summary>
    internal static string VariableOf(string resource) => Variable + resource.ToUpperInvariant().Replace('/', '_').Replace('.', '_');
}
