using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>How the devices of one vendor are reset. A vendor without one offers no reset.</summary>
public interface IDeviceResets
{
    /// <summary>The <see cref="Device.Vendor"/>.</summary>
    string Vendor { get; }

    /// <summary>What resetting a device takes. Asks nothing of the driver.</summary>
    /// <param name="device">A whole device, none that is a partition.</param>
    ResetPlan Plan(Device device, VendorInventory inventory);
}

/// <param name="WhyNot">Null: it can be reset.</param>
/// <param name="Group">The devices that are reset together, the asked-for one included: none of them may be in use.</param>
/// <param name="Moves">In this order; the first that fails ends it.</param>
/// <param name="Services">Units that hold the devices open and are stopped for the time of the reset, in this order; those that are not there are passed over.</param>
public sealed record ResetPlan(string? WhyNot, ImmutableArray<Device> Group, ImmutableArray<ResetMove> Moves, ImmutableArray<string> Services)
{
    public static ResetPlan NotPossible(string why) => new(why, [], [], []);

    /// <summary>The device with all that direct links join it to, over any number of hops. A link counts whichever of its ends tells of it.</summary>
    public static ImmutableArray<Device> LinkedWith(Device device, VendorInventory inventory)
    {
        var group = new SortedDictionary<string, Device>(StringComparer.Ordinal) { [device.Id] = device };
        var open = new Queue<Device>([device]);
        while (open.TryDequeue(out var next))
        {
            foreach (var peer in inventory.Devices.Where(peer => peer.ParentId is null && (IsLinked(next, peer) || IsLinked(peer, next))))
            {
                if (group.TryAdd(peer.Id, peer))
                    open.Enqueue(peer);
            }
        }
        return [.. group.Values];
    }

    private static bool IsLinked(Device from, Device to) => from.Links.Any(link => link.Kind == LinkKind.Direct && link.PeerId == to.Id);
}

/// <summary>One thing that is done to reset devices.</summary>
public abstract record ResetMove;

/// <summary>A program of the host.</summary>
/// <param name="Program">Its name: looked for in the folders where distributions and drivers have programs.</param>
/// <param name="Input">What it is told on its standard input; null: nothing.</param>
public sealed record CommandMove(string Program, ImmutableArray<string> Arguments, string? Input = null) : ResetMove;

/// <summary>A call of the vendor's library about one board.</summary>
public sealed record LibraryMove(LibraryReset Library, string PciAddress) : ResetMove;

/// <summary>A word that is written to a file of the kernel.</summary>
/// <param name="File">Below the host's /sys.</param>
public sealed record WriteMove(string File, string Text) : ResetMove;
