using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Resets GPUs by nvidia-smi: from Ampere on one by one, before that all that NVLink joins in one command.</summary>
/// <remarks>Source: manual of nvidia-smi, <c>--gpu-reset</c>: no process may have the GPU open, nor a monitoring service; persistence counts as one.</remarks>
internal sealed class NvidiaResets : IDeviceResets
{
    private const double Ampere = 8.0;

    public string Vendor => NvidiaFields.Table.Vendor;

    public ResetPlan Plan(Device device, VendorInventory inventory)
    {
        if (inventory.Devices.Any(part => part.ParentId == device.Id))
            return ResetPlan.NotPossible($"{device.Id} is divided (MIG): a reset would lose its partitions. Remove them first, and divide it again after it.");
        var isAlone = device.Traits.TryGetValue("compute", out var compute) && double.TryParse(compute, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var version) && version >= Ampere;
        var group = isAlone ? [device] : ResetPlan.LinkedWith(device, inventory);
        return new ResetPlan(null, group, [new CommandMove("nvidia-smi", ["--gpu-reset", "-i", string.Join(',', group.Select(one => one.Id))])],
            ["dcgm-exporter.service", "nvidia-dcgm.service", "dcgm.service", "nvsm.service", "nvidia-persistenced.service"]);
    }
}
