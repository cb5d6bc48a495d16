using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Hands GPUs to a container as NVIDIA's device plugin does by default: strategy <c>envvar</c>, ids by UUID. The container
/// runtime's NVIDIA hook turns the variable into device nodes and libraries.</summary>
internal sealed class NvidiaAllocator : IAllocator
{
    private const string Variable = "NVIDIA_VISIBLE_DEVICES";

    public string Vendor => NvidiaFields.Table.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units) => new()
    {
        Environment = ImmutableSortedDictionary<string, string>.Empty.Add(Variable, string.Join(',', units.SelectMany(unit => unit.Devices).DistinctBy(device => device.Id).Select(VisibleName))),
    };

    /// <summary>A board whose id is its PCI address has no UUID that the hook could use: it takes the driver's index.</summary>
    private static string VisibleName(Device device) => device.Id == device.PciAddress
        ? device.Index.ToString(System.Globalization.CultureInfo.InvariantCulture)
        : device.Id;
}
