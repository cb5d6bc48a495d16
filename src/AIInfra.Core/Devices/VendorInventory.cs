using System.Collections.Immutable;

namespace AIInfra.Core.Devices;

public enum VendorState
{
    /// <summary>Not asked yet: devices, if any, are those stored before the agent was started.</summary>
    Starting,
    /// <summary>The devices are what the driver says now.</summary>
    Ready,
    /// <summary>No driver or library on this host: a normal state, said once.</summary>
    Absent,
    /// <summary>The driver does not answer: the devices are the last known ones, their readings unknown.</summary>
    Unavailable,
}

/// <summary>What one vendor's driver says of the node. Immutable.</summary>
public sealed record VendorInventory
{
    public required string Vendor { get; init; }
    public required VendorState State { get; init; }
    /// <summary>Why it is <see cref="VendorState.Absent"/> or <see cref="VendorState.Unavailable"/>, with what to do; null otherwise.</summary>
    public string? Reason { get; init; }
    /// <summary>Version of the kernel driver, for example <c>570.124.06</c>; null while unknown.</summary>
    public string? DriverVersion { get; init; }
    /// <summary>Version of the vendor's library; null while unknown.</summary>
    public string? LibraryVersion { get; init; }
    /// <summary>True when the readings come from a simulator: every metric, label and page says so.</summary>
    public bool IsSimulated { get; init; }
    /// <summary>Ordered by PCI address, then id. A device that vanished stays listed, with a fatal problem on it.</summary>
    public ImmutableArray<Device> Devices { get; init; } = [];

    /// <summary>The devices that are no part of another one.</summary>
    public IEnumerable<Device> Boards => Devices.Where(device => device.ParentId is null);

    /// <summary>The first board of the kind of which there are the most; null without a board.</summary>
    public Device? CommonestBoard(Func<Device, string> kind) => Boards.GroupBy(kind, StringComparer.Ordinal).MaxBy(group => group.Count())?.First();
}

/// <summary>All vendors' devices together. Immutable.</summary>
public sealed record NodeInventory(ImmutableArray<VendorInventory> Vendors)
{
    public static NodeInventory Empty { get; } = new([]);

    public IEnumerable<Device> Devices => Vendors.SelectMany(vendor => vendor.Devices);

    public Device? Find(string id) => Devices.FirstOrDefault(device => device.Id == id);
}
