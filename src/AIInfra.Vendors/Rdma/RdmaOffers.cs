using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Rdma;

/// <summary>With a config of the shared-device plugin, its resources; without one each card for one container. Virtual functions that no resource of the config
/// chooses are always a resource of their own.</summary>
internal sealed class RdmaOffers(RdmaConfig config) : IOfferPolicy
{
    public const string WholeResource = "rdma/hca", VirtualResource = "rdma/vf";
    private const int LongestId = 63;

    public string Vendor => RdmaFields.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        Device[] devices = [.. inventory.Devices.Where(device => device is { ParentId: null, IsHeldBack: false }).DistinctBy(device => device.Id)];
        var faults = ImmutableArray.CreateBuilder<string>();
        var resources = ImmutableArray.CreateBuilder<OfferedResource>();
        var shared = new HashSet<string>(StringComparer.Ordinal);
        foreach (var resource in config.Resources)
        {
            ImmutableArray<Device> chosen = [.. devices.Where(resource.Selectors.Fits)];
            shared.UnionWith(chosen.Select(device => device.Id));
            if (chosen.IsEmpty && devices.Length > 0)
                faults.Add($"{resource.Name}: no RDMA device of this node fits its selectors ({resource.Mark}), so it is not offered. Correct them, or leave the resource away on this node.");
            else if (!chosen.IsEmpty)
                resources.Add(new OfferedResource { Name = resource.Name, Units = [.. Enumerable.Range(0, resource.Slots).Select(slot => Slot(resource.Name, slot, chosen))] });
        }
        resources.AddRange(devices
            .Where(device => config.Source is null || (device.ResourceName == VirtualResource && !shared.Contains(device.Id)))
            .GroupBy(device => device.ResourceName, StringComparer.Ordinal)
            .Select(group => new OfferedResource { Name = group.Key, Units = [.. group.Select(device => new OfferedUnit { Id = device.Id, Devices = [device] })] }));
        return new Offer([.. resources.OrderBy(resource => resource.Name, StringComparer.Ordinal)], faults.ToImmutable());
    }

    /// <summary>That plugin's ids are bare numbers, the same in every resource; the kubelet wants them unique on the node.</summary>
    private static OfferedUnit Slot(string resource, int slot, ImmutableArray<Device> devices)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{resource.Replace('/', '.')}::{slot}");
        if (id.Length > LongestId)
            id = string.Create(CultureInfo.InvariantCulture, $"rdma-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(resource)).AsSpan(0, 12))}::{slot}");
        return new OfferedUnit { Id = id, Devices = devices, Replica = slot, IsPool = true };
    }
}
