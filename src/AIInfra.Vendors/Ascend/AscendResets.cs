using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Ascend;

/// <summary>Resets NPUs by npu-smi. The command names one chip; all that are joined to it by HCCS are reset with it and must be free as well.</summary>
/// <remarks>Source: manual of npu-smi, <c>set -t reset</c>: asks for confirmation; <c>-m 1</c> goes through the chip itself, without it from outside, which not every board can.
/// On some machines a reset locks all cards until a power cycle.</remarks>
internal sealed class AscendResets : IDeviceResets
{
    public string Vendor => AscendFields.Vendor;

    public ResetPlan Plan(Device device, VendorInventory inventory)
    {
        if (AscendFamily.Find(device) is not { } family || !device.Traits.TryGetValue(AscendTraits.Card, out var card) || !device.Traits.TryGetValue(AscendTraits.ChipOfCard, out var chip))
            return ResetPlan.NotPossible($"The driver does not say which card and chip {device.Id} is.");
        var group = family.ResetGroup(device, inventory);
        if (inventory.Devices.FirstOrDefault(part => part.ParentId is { } parent && group.Any(member => member.Id == parent)) is { } divided)
            return ResetPlan.NotPossible($"{divided.ParentId} is divided into virtual NPUs: a reset would lose them. Remove them first, and divide it again after it.");
        string[] way = device.Traits.GetValueOrDefault(AscendTraits.Outband) == "yes" ? [] : ["-m", "1"];
        return new ResetPlan(null, group, [new CommandMove("npu-smi", ["set", "-t", "reset", "-i", card, "-c", chip, .. way], "Y\n")], ["npu-exporter.service"]);
    }
}
