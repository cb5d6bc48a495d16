using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Passthrough;

/// <summary>Offers what virtual machines may have, an IOMMU group as one unit, and answers as KubeVirt reads it.</summary>
internal sealed class PassthroughOffers : IOfferPolicy, IAllocator
{
    private const string AddressesOf = "PCI_RESOURCE_", MediatedOf = "MDEV_PCI_RESOURCE_";

    public string Vendor => PassthroughScan.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        foreach (var board in inventory.Devices)
        {
            if (board.Traits.TryGetValue(PassthroughScan.HeldBy, out var holder))
            {
                faults.Add($"{board.PciAddress} ({board.Model}) is not offered to virtual machines: {holder}, in the same IOMMU group "
                    + $"{board.Traits[PassthroughScan.Group]}, and a group goes to a guest whole. Bind that function to vfio-pci too.");
            }
            else if (board.Traits.TryGetValue(PassthroughScan.Functions, out var functions))
                faults.Add($"{board.PciAddress} ({board.Model}) is not offered whole: it is divided into {functions} virtual functions, which are offered where a vfio driver holds them. Write 0 to its sriov_numvfs to offer it whole.");
        }
        return new Offer(
            [.. inventory.Devices.Where(device => !device.IsHeldBack)
                .GroupBy(device => device.Traits[PassthroughScan.Group], StringComparer.Ordinal)
                .Select(group => new OfferedUnit { Id = group.First().Id, Devices = [.. group] })
                .GroupBy(unit => unit.First.ResourceName, StringComparer.Ordinal)
                .OrderBy(resource => resource.Key, StringComparer.Ordinal)
                .Select(resource => new OfferedResource { Name = resource.Key, Units = [.. resource] })],
            faults.ToImmutable());
    }

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units)
    {
        ImmutableArray<Device> devices = [.. units.SelectMany(unit => unit.Devices)];
        var environment = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var kind in devices.GroupBy(device => device.Traits.ContainsKey(MediatedDevices.Type)))
            environment[VariableOf(resource.Name, isMediated: kind.Key)] = string.Join(',', kind.Select(device => kind.Key ? device.Id : device.PciAddress));
        return new AllocationSpec
        {
            Environment = environment.ToImmutable(),
            DeviceNodes = [.. devices.SelectMany(device => device.DeviceNodes).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rwm"))],
        };
    }

    /// <summary>The variable in which KubeVirt looks for the addresses of a resource, or for the UUIDs of mediated devices.</summary>
    private static string VariableOf(string resource, bool isMediated) => (isMediated ? MediatedOf : AddressesOf) + resource.ToUpperInvariant().Replace('/', '_').Replace('.', '_');
}
