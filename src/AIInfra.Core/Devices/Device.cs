using System.Collections.Immutable;
using System.Globalization;

namespace AIInfra.Core.Devices;

/// <summary>One accelerator, or one partition of it, as the node has it. Immutable; a change is a new value.</summary>
public sealed record Device
{
    /// <summary>Stable over restarts and reboots, unique on the node: the vendor's UUID, else the PCI address. At most 63 characters.</summary>
    public required string Id { get; init; }
    /// <summary>The vendor's key in the configuration: <c>nvidia</c>.</summary>
    public required string Vendor { get; init; }
    /// <summary>The product's name as the driver prints it. Outside input: escape it wherever it is shown.</summary>
    public required string Model { get; init; }
    /// <summary>The extended resource it is offered under: <c>nvidia.com/gpu</c>.</summary>
    public required string ResourceName { get; init; }
    /// <summary>The driver's index: an order to show, never an identity (it shifts when a board is lost).</summary>
    public int Index { get; init; }
    /// <summary>The driver's name of the device, without folder: <c>nvidia0</c>. Null when it has none.</summary>
    public string? NodeName { get; init; }
    /// <summary>See <see cref="Devices.PciAddress"/>; null for a device that is not on PCI.</summary>
    public string? PciAddress { get; init; }
    public string? Serial { get; init; }
    /// <summary>Null when unknown: a device without a known node gives the kubelet no topology at all.</summary>
    public int? NumaNode { get; init; }
    /// <summary>On-board memory in bytes; null when unknown.</summary>
    public long? MemoryBytes { get; init; }
    /// <summary>Id of the device that this one is a partition of; null for a whole device.</summary>
    public string? ParentId { get; init; }
    /// <summary>What part of its parent it is; null for a whole device.</summary>
    public DevicePartition? Partition { get; init; }
    /// <summary>Listed, read and judged like any other, but not offered to the kubelet under its <see cref="ResourceName"/>.</summary>
    public bool IsHeldBack { get; init; }
    /// <summary>Versions of what is burnt into the device, by part: <c>vbios</c>, <c>inforom</c>. Outside input.</summary>
    public ImmutableSortedDictionary<string, string> Firmware { get; init => field = value ?? None; } = None;
    /// <summary>What else it is, by the vendor's names: <c>compute</c> 9.0. What schedulers choose by, not what is measured. Outside input.</summary>
    public ImmutableSortedDictionary<string, string> Traits { get; init => field = value ?? None; } = None;
    /// <summary>Nodes under the host's /dev that a container needs to use it, relative to /dev: <c>nvidia0</c>.</summary>
    public ImmutableArray<string> DeviceNodes { get; init; } = [];
    /// <summary>Direct links and the PCI distance to peers on this node. A peer that is not listed is <see cref="LinkKind.System"/> away.</summary>
    public ImmutableArray<DeviceLink> Links { get; init; } = [];

    private static ImmutableSortedDictionary<string, string> None => ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Equal in every member: record equality compares lists by reference.</summary>
    internal bool IsSameAs(Device other) =>
        this with { DeviceNodes = other.DeviceNodes, Links = other.Links, Firmware = other.Firmware, Traits = other.Traits } == other
        && !DeviceNodes.IsDefault && DeviceNodes.SequenceEqual(other.DeviceNodes)
        && !Links.IsDefault && Links.SequenceEqual(other.Links)
        && Firmware.SequenceEqual(other.Firmware)
        && Traits.SequenceEqual(other.Traits);

    /// <summary>How the driver counts it: <c>3</c> for a board, <c>3:1</c> for a partition of it. It shifts when a board is lost.</summary>
    public string DriverIndex() => Partition is { } partition
        ? string.Create(CultureInfo.InvariantCulture, $"{Index}:{partition.Number ?? partition.Instance}")
        : Index.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What part of a device a partition is, in the vendor's numbers. They are given anew when the device is divided anew.</summary>
/// <param name="Profile">The vendor's name of its size: <c>1g.10gb</c>.</param>
/// <param name="Instance">Number of the slice of the device (NVIDIA: GPU instance).</param>
/// <param name="SubInstance">Number of the part of that slice (NVIDIA: compute instance); null where slices are not divided.</param>
public sealed record DevicePartition(string Profile, int Instance, int? SubInstance)
{
    /// <summary>The driver's index of it on its board; null where it has none.</summary>
    public int? Number { get; init; }
}

/// <summary>How near two devices are. Farther is smaller.</summary>
public enum LinkKind
{
    /// <summary>Over the interconnect of the sockets.</summary>
    System = 0,
    SameNumaNode = 1,
    SameHostBridge = 2,
    /// <summary>Over several PCIe switches.</summary>
    PcieSwitches = 3,
    SinglePcieSwitch = 4,
    SameBoard = 5,
    /// <summary>A link of the vendor's own (NVLink, XGMI, HCCS, MLULink); <see cref="DeviceLink.Count"/> links of it.</summary>
    Direct = 6,
}

/// <param name="PeerId">The <see cref="Device.Id"/> of the peer.</param>
/// <param name="Kind">The nearest way between the two.</param>
/// <param name="Count">Number of direct links, also of those through a switch of the vendor's; 0 for a PCIe path.</param>
public sealed record DeviceLink(string PeerId, LinkKind Kind, int Count);
