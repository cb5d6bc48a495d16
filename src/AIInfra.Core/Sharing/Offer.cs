using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Sharing;

/// <summary>What of one vendor's devices is offered, and under which names. Immutable.</summary>
/// <param name="Resources">By name, each name once.</param>
/// <param name="Faults">Why something is not offered that was asked for: what, which device, what to do. Shown in log and status.</param>
public sealed record Offer(ImmutableArray<OfferedResource> Resources, ImmutableArray<string> Faults)
{
    public static Offer Nothing { get; } = new([], []);
}

/// <summary>One extended resource of the node: a name and the units that a scheduler counts.</summary>
public sealed record OfferedResource
{
    /// <summary>For example <c>nvidia.com/gpu</c>.</summary>
    public required string Name { get; init; }
    /// <summary>In the order of the inventory, replicas of one device together.</summary>
    public required ImmutableArray<OfferedUnit> Units { get; init; }
    /// <summary>A container that asks for more is refused; null when there is no such limit.</summary>
    public int? MostPerContainer { get; init; }
    /// <summary>Which shared device a further unit comes from.</summary>
    public SharedPlacement Placement { get; init; }
    /// <summary>Devices whose direct links form more rings (<see cref="RingCount"/>) are better together than those with more links.</summary>
    public bool PrefersRings { get; init; }
}

/// <summary>How units of shared devices are chosen.</summary>
public enum SharedPlacement
{
    /// <summary>From the device with the fewest units in use.</summary>
    Distributed,
    /// <summary>From the device with the most units in use that still has one.</summary>
    Packed,
    /// <summary>The first that is free.</summary>
    InOrder,
}

/// <summary>One id that the kubelet may hand out: a whole device, a partition, one replica of a shared one, or all devices of an IOMMU group.</summary>
public sealed record OfferedUnit
{
    /// <summary>Unique on the node over all resources, stable over restarts, at most 63 characters. A replica's is <c>DEVICE::NUMBER</c>.</summary>
    public required string Id { get; init; }
    /// <summary>What is behind it: at least one device, all of one vendor.</summary>
    public required ImmutableArray<Device> Devices { get; init; }
    /// <summary>Number of the replica, from 0; null for a unit that is not shared.</summary>
    public int? Replica { get; init; }
    /// <summary>Whoever has it gets all devices behind it and can do with any of them: it is healthy while one of them is.</summary>
    public bool IsPool { get; init; }
    /// <summary>Whoever has it looks at the devices and does no work on them: they are nobody's for it.</summary>
    public bool IsToWatch { get; init; }

    public Device First => Devices[0];

    /// <summary>Equal in every member: record equality compares lists by reference.</summary>
    public bool IsSameAs(OfferedUnit other) =>
        Id == other.Id && Replica == other.Replica && IsPool == other.IsPool && IsToWatch == other.IsToWatch && Devices.Length == other.Devices.Length
        && Devices.Zip(other.Devices).All(pair => ReferenceEquals(pair.First, pair.Second) || pair.First.IsSameAs(pair.Second));
}

/// <summary>Decides what of a vendor's inventory is offered. Pure: no driver is asked, it never blocks.</summary>
public interface IOfferPolicy
{
    /// <summary>The vendor whose inventory it decides on: <see cref="Device.Vendor"/>.</summary>
    string Vendor { get; }

    Offer Decide(VendorInventory inventory);
}
