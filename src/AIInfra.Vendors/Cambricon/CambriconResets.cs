using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Resets MLUs by a command of the operator's: all that MLU-Link joins, and all chips of a card, must be free together.</summary>
/// <remarks>Which verb of the vendor's tool resets a board differs between its versions and is written in its manual only, so none is built in: a wrong one would do something
/// else. A change of an MLU-Link's state applies after a reset, and the driver gives one 120 s.</remarks>
internal sealed class CambriconResets(CambriconOptions options) : IDeviceResets
{
    private const string Card = "{card}";

    public string Vendor => CambriconFields.Vendor;

    public ResetPlan Plan(Device device, VendorInventory inventory)
    {
        if (options.ResetCommand.IsEmpty)
            return ResetPlan.NotPossible($"{device.Id} cannot be reset: set vendors.cambricon.resetCommand to the command that the manual of your driver's cnmon gives for it, with {Card} for the card's number.");
        var group = Group(device, inventory).OrderBy(one => one.Index).ToArray();
        if (group.FirstOrDefault(one => inventory.Devices.Any(part => part.ParentId == one.Id)) is { } divided)
            return ResetPlan.NotPossible($"{divided.Id} is divided: a reset would lose its instances. Remove them first, and divide it again after it.");
        return new ResetPlan(null, [.. group],
            [.. group.Select(one => new CommandMove(options.ResetCommand[0], [.. options.ResetCommand.Skip(1).Select(word => word.Replace(Card, CambriconNodes.NumberOf(one), StringComparison.Ordinal))]))],
            ["mlu-exporter.service", "cambricon-device-plugin.service"]);
    }

    /// <summary>Over MLU-Link and over cards with several chips, over any number of hops.</summary>
    private static HashSet<Device> Group(Device device, VendorInventory inventory)
    {
        var group = new HashSet<Device>();
        var open = new Queue<Device>([device]);
        while (open.TryDequeue(out var next))
        {
            foreach (var joined in ResetPlan.LinkedWith(next, inventory).Where(group.Add))
            {
                foreach (var chip in inventory.Devices.Where(chip => chip.ParentId is null && chip.Serial is not null && chip.Serial == joined.Serial && !group.Contains(chip)))
                    open.Enqueue(chip);
            }
        }
        return group;
    }
}
