using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Rdma;

/// <summary>Hands RDMA devices to a container. A slot of a shared resource brings all nodes of all its devices, as the shared-device plugin gives them;
/// a card or virtual function of its own brings what verbs need, without the nodes for managers of the fabric.</summary>
internal sealed class RdmaAllocator : IAllocator
{
    public const string ConnectionManager = "infiniband/rdma_cm";

    public string Vendor => RdmaFields.Vendor;

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units) => new()
    {
        DeviceNodes = [.. units
            .SelectMany(unit => unit.Devices.SelectMany(device => device.DeviceNodes).Where(node => unit.IsPool || !IsForManagers(node)))
            .Distinct(StringComparer.Ordinal)
            .OrderBy(node => node == ConnectionManager)
            .Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rwm"))],
    };

    private static bool IsForManagers(string node) => node.StartsWith("infiniband/umad", StringComparison.Ordinal) || node.StartsWith("infiniband/issm", StringComparison.Ordinal);
}
