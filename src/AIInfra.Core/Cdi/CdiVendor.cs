using AIInfra.Core.Devices;

namespace AIInfra.Core.Cdi;

/// <summary>Asks a vendor's source only when its answer may be another: the host is walked once for a driver and a set of devices, again
/// soon while something is missing, and now and then for what comes late (a socket, a configuration file).</summary>
internal sealed class CdiVendor(ICdiSource source, TimeProvider time)
{
    internal static readonly TimeSpan WhileMissing = TimeSpan.FromSeconds(30), Otherwise = TimeSpan.FromMinutes(10);

    private readonly record struct Part(string Id, string? NodeName, string? PciAddress, string? ParentId, DevicePartition? Partition);

    private (VendorState State, string? DriverVersion, Part[] Devices, long At, CdiOffer Offer)? _last;

    public ICdiSource Source => source;

    public CdiOffer Describe(VendorInventory inventory)
    {
        Part[] devices = [.. inventory.Devices.Select(device => new Part(device.Id, device.NodeName, device.PciAddress, device.ParentId, device.Partition))];
        if (_last is { } last && last.State == inventory.State && last.DriverVersion == inventory.DriverVersion && last.Devices.AsSpan().SequenceEqual(devices)
            && time.GetElapsedTime(last.At) < (last.Offer.Absence is null ? Otherwise : WhileMissing))
            return last.Offer;
        var offer = source.Describe(inventory);
        _last = (inventory.State, inventory.DriverVersion, devices, time.GetTimestamp(), offer);
        return offer;
    }
}
