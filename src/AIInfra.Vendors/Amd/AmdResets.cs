using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Amd;

/// <summary>Resets GPUs by amd-smi. The driver promises no containment within a hive: all that XGMI joins are reset, and must be free, together.</summary>
/// <remarks>Source: AMD SMI documentation, gpu-reset-behavior. Not possible in a virtual machine's guest.</remarks>
internal sealed class AmdResets : IDeviceResets
{
    public string Vendor => "amd";

    public ResetPlan Plan(Device device, VendorInventory inventory) => device.PciAddress is { } address
        ? new ResetPlan(null, ResetPlan.LinkedWith(device, inventory), [new CommandMove("amd-smi", ["reset", "--gpureset", "--gpu", address])], ["amd-metrics-exporter.service", "gpuagent.service"])
        : ResetPlan.NotPossible($"{device.Id} is on no PCI bus.");
}
