using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Generic;

/// <summary>One kind of device that a table describes. Immutable; checked by <see cref="GenericTable"/>.</summary>
public sealed record GenericRow
{
    public required string Name { get; init; }
    /// <summary>Where it stands.</summary>
    public required ConfigMark Mark { get; init; }
    public required string Model { get; init; }
    /// <summary>Empty: the device need not be on PCI.</summary>
    public ImmutableArray<PciIds> Pci { get; init; } = [];
    /// <summary>Beginnings of the class that sysfs writes; empty: any.</summary>
    public ImmutableArray<string> PciClasses { get; init; } = [];
    /// <summary>Kernel drivers of which one must hold the function; empty: any, or none.</summary>
    public ImmutableArray<string> Drivers { get; init; } = [];
    /// <summary>Pattern of folders below sysfs, each of them a device; null: each PCI function is one.</summary>
    public string? Sysfs { get; init; }
    /// <summary>A pattern below the device's folder, of which something must be there; null: nothing.</summary>
    public string? Requires { get; init; }
    /// <summary>Templates of the device's own nodes below /dev.</summary>
    public ImmutableArray<string> Nodes { get; init; } = [];
    /// <summary>Patterns of nodes below /dev that all devices of the row need, where they are there.</summary>
    public ImmutableArray<string> SharedNodes { get; init; } = [];
    /// <summary>A name, or a template with <c>{file:…}</c> in its last part.</summary>
    public required string Resource { get; init; }
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<AllocatedMount> Mounts { get; init; } = [];
    public string Permissions { get; init; } = "rwm";
    /// <summary>How many containers can have one device at a time.</summary>
    public int Slots { get; init; } = 1;
    public ImmutableArray<GenericCheck> Health { get; init; } = [];
    public ImmutableArray<GenericReading> Readings { get; init; } = [];

    /// <summary>True when one device may fit both.</summary>
    public bool Overlaps(GenericRow other) => Pci.IsEmpty || other.Pci.IsEmpty
        ? Sysfs is not null && Sysfs == other.Sysfs && (Pci.IsEmpty && other.Pci.IsEmpty)
        : Pci.Any(ids => other.Pci.Any(ids.Overlaps)) && AreNear(PciClasses, other.PciClasses) && (Drivers.IsEmpty || other.Drivers.IsEmpty || Drivers.Intersect(other.Drivers).Any());

    private static bool AreNear(ImmutableArray<string> one, ImmutableArray<string> other) => one.IsEmpty || other.IsEmpty
        || one.Any(start => other.Any(second => start.StartsWith(second, StringComparison.Ordinal) || second.StartsWith(start, StringComparison.Ordinal)));
}

/// <summary>PCI ids: a maker, and a range of its devices.</summary>
public readonly record struct PciIds(ushort Maker, ushort First, ushort Last)
{
    public bool Has(ushort maker, ushort device) => maker == Maker && device >= First && device <= Last;
    public bool Overlaps(PciIds other) => Maker == other.Maker && First <= other.Last && other.First <= Last;
}

/// <summary>A file by which a device says how it is.</summary>
/// <param name="File">Below the device's folder in sysfs.</param>
/// <param name="Good">Its texts while the device is well.</param>
/// <param name="Unless">A text that says nothing either way; null for none.</param>
public sealed record GenericCheck(string File, ImmutableArray<string> Good, string? Unless);

/// <param name="Field">One of <see cref="GenericFields"/>.</param>
/// <param name="Scale">Multiplies the file's number into the field's unit.</param>
public sealed record GenericReading(string Field, string File, double Scale);
