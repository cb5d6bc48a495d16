using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>What the kernel offers for any device on PCI, see sysfs-bus-pci of its documentation.</summary>
public static class PciResets
{
    /// <summary><c>reset-pci</c>: the kernel's best method, which for most is a reset of that function alone. Where it can only reset the bus, the siblings on it are of the group.</summary>
    public static ResetPlan Reset(Device device, VendorInventory inventory, string sys)
    {
        if (device.PciAddress is not { } address)
            return ResetPlan.NotPossible($"{device.Id} is on no PCI bus.");
        var method = ReadOr("", Path.Combine(sys, "bus/pci/devices", address, "reset_method")).Trim();
        var isOfBus = method.Length > 0 && method.Split(' ')[0] is "bus" or "cxl_bus";
        return new ResetPlan(null, isOfBus ? OnBusOf(device, inventory) : [device], [new WriteMove($"bus/pci/devices/{address}/reset", "1")], []);
    }

    /// <summary><c>rescan-pci</c>: the device is taken from the bus and looked for anew, with its driver. Its number may change.</summary>
    public static ResetPlan Rescan(Device device) => device.PciAddress is { } address
        ? new ResetPlan(null, [device], [new WriteMove($"bus/pci/devices/{address}/remove", "1"), new WriteMove("bus/pci/rescan", "1")], [])
        : ResetPlan.NotPossible($"{device.Id} is on no PCI bus.");

    /// <summary>Domain and bus of an address are all before its last colon.</summary>
    private static ImmutableArray<Device> OnBusOf(Device device, VendorInventory inventory) =>
        [.. inventory.Devices.Where(other => other.ParentId is null && other.PciAddress is { } address && BusOf(address) == BusOf(device.PciAddress!))];

    private static string BusOf(string address) => address[..Math.Max(0, address.LastIndexOf(':'))];

    private static string ReadOr(string fallback, string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fallback;
        }
    }
}
