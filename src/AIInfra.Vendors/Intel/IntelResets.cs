using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Intel;

/// <summary>Resets GPUs by the kernel's reset of the PCI function, where it has one of that function alone or resets the bus with all that is on it. The driver takes part in it.</summary>
/// <remarks>The vendor's xpu-smi can reset too; its verbs differ between versions, so it is not called: <c>run-disruptive</c> may.</remarks>
internal sealed class IntelResets(HostPaths host) : IDeviceResets
{
    public string Vendor => IntelFields.Vendor;

    public ResetPlan Plan(Device device, VendorInventory inventory) => inventory.Devices.Any(part => part.ParentId == device.Id)
        ? ResetPlan.NotPossible($"{device.Id} is divided into virtual functions: a reset would end their work. Remove them first, and divide it again after it.")
        : PciResets.Reset(device, inventory, host.Sys) with { Services = ["xpumd.service"] };
}
