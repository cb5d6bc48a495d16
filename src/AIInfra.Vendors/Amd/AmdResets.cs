using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Amd;

/// <summary>Resets GPUs by amd-smi. The driver promises no containment within a hive: all that XGMI joins are reset, and must be free, together.</summary>
/// <remarks>Source: AMD SMI documentation, gpu-reset-behavior. Not possible in a virtual machine's guest.</remarks>
internal sealed class AmdResets : IDeviceResets
{
    public string Vendor => "amd";

    public ResetPlan Plan(Device device, VendorInventory inventory)
    {
        if (device.PciAddress is not { } address)
            return ResetPlan.NotPossible($"{device.Id} is on no PCI bus.");
        var group = ResetPlan.LinkedWith(device, inventory);
        return inventory.Devices.FirstOrDefault(part => group.Any(member => member.Id == part.ParentId)) is { } divided
            ? ResetPlan.NotPossible($"{divided.ParentId} is divided: a reset would lose its partitions. Bring it back to SPX first, and divide it again after it.")
            : new ResetPlan(null, group, [new CommandMove("amd-smi", ["reset", "--gpureset", "--gpu", address])], ["amd-metrics-exporter.service", "gpuagent.service"]);
    }
}
