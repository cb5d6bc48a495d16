using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Resets MLUs by the call of the vendor's library, or by a command of the operator's: all that MLU-Link joins, and all chips of a card, must be free together.</summary>
/// <remarks>Source: cndev.h of driver 6.x, <c>cndevResetDevice</c>: the driver gives a board 120 s. Which verb of the vendor's tool resets a board differs between its versions, so none is
/// built in. A change of an MLU-Link's state applies after a reset.</remarks>
internal sealed class CambriconResets(CambriconOptions options, LibraryReset library) : IDeviceResets
{
    private const string Card = "{card}";

    public string Vendor => CambriconFields.Vendor;

    public ResetPlan Plan(Device device, VendorInventory inventory)
    {
        Device[] group = [.. Group(device, inventory).OrderBy(one => one.Index)];
        if (group.FirstOrDefault(one => inventory.Devices.Any(part => part.ParentId == one.Id)) is { } divided)
            return ResetPlan.NotPossible($"{divided.Id} is divided: a reset would lose its instances. Remove them first, and divide it again after it.");
        var moves = Moves(group);
        return moves.IsEmpty
            ? ResetPlan.NotPossible($"{device.Id} cannot be reset: its library has no cndevResetDevice; set vendors.cambricon.resetCommand to the command that the manual of your driver's cnmon gives for it, with {Card} for the card's number.")
            : new ResetPlan(null, [.. group], moves, ["mlu-exporter.service", "cambricon-device-plugin.service"]);
    }

    /// <summary>One for each board; none where there is no way for one of them. The operator's command goes before the library.</summary>
    private ImmutableArray<ResetMove> Moves(Device[] group)
    {
        if (!options.ResetCommand.IsEmpty)
            return [.. group.Select(one => new CommandMove(options.ResetCommand[0], [.. options.ResetCommand.Skip(1).Select(word => word.Replace(Card, CambriconNodes.NumberOf(one), StringComparison.Ordinal))]))];
        return group.All(one => one.PciAddress is not null && one.Traits.GetValueOrDefault(CambriconTraits.Reset) == CambriconTraits.ByLibrary)
            ? [.. group.Select(one => new LibraryMove(library, one.PciAddress!))] : [];
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
