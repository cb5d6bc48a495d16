using AIInfra.Core.Devices;

namespace AIInfra.Core.Sharing;

/// <summary>Every device that is not held back is one unit of its <see cref="Device.ResourceName"/>: the policy of a vendor that has no other.</summary>
public sealed class WholeDevices(string vendor) : IOfferPolicy
{
    public string Vendor => vendor;

    public Offer Decide(VendorInventory inventory) => new(
        [.. inventory.Devices
            .Where(device => !device.IsHeldBack)
            .DistinctBy(device => device.Id)
            .GroupBy(device => device.ResourceName, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new OfferedResource { Name = group.Key, Units = [.. group.Select(device => new OfferedUnit { Id = device.Id, Devices = [device] })] })],
        []);
}
