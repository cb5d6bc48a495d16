using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.VendorHost;

/// <summary>What a vendor's events and readings mean for health. Runs in the daemon; pure but for what it tells the board.</summary>
public interface IVendorRules : IReadingRules
{
    /// <param name="device">The device the event names; null when the event names none, or one that is not known.</param>
    void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board);

    /// <summary>The device as a whole did not answer with <see cref="VendorFault.DeviceLost"/>.</summary>
    void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board);

    /// <summary>A new child has opened the library.</summary>
    /// <param name="devices">The whole devices that this node is known to have; may be empty.</param>
    void OnOpened(ImmutableArray<Device> devices, DateTimeOffset at, HealthBoard board)
    {
    }

    /// <summary>The library would not open, also the one that came in place of one that still serves, with <see cref="VendorFault.Refused"/>.</summary>
    /// <returns>True when the rules have reported what it means for the devices: nothing else is said of them then.</returns>
    bool OnRefused(ImmutableArray<Device> devices, VendorException fault, DateTimeOffset at, HealthBoard board) => false;
}

/// <summary>How the boards of a vendor are found on the PCI bus without its driver.</summary>
/// <param name="Vendor">As sysfs writes it: <c>0x10de</c>.</param>
/// <param name="Classes">Beginnings of the class that sysfs writes: <c>0x0302</c>.</param>
/// <param name="Driver">The kernel driver that serves the library. A board that another one holds (<c>vfio-pci</c>) is not the library's.</param>
public sealed record PciFamily(string Vendor, ImmutableArray<string> Classes, string Driver)
{
    /// <summary>The kernel module of the driver, where it has another name.</summary>
    public string Module { get => field ?? Driver; init; }
}

/// <summary>All that the daemon needs to serve one vendor's library through a vendor host.</summary>
/// <param name="Name">The key in the configuration and the argument of <c>vendor-host</c>: <c>nvidia</c>.</param>
/// <param name="Library">Default file name of the library.</param>
/// <param name="Pci">Null when boards are known only by the library.</param>
public sealed record VendorDefinition(string Name, string Library, FieldTable Fields, IVendorRules Rules, PciFamily? Pci = null)
{
    /// <summary>How the names of its device nodes below /dev begin, those of the driver itself included; by default as its own name.</summary>
    public ImmutableArray<string> NodePrefixes { get; init; } = [Name];

    /// <summary>The vendor that serves the same devices by their files: this library only tells more of them, under the same ids, so that its own failures take no device
    /// out. Null: the devices are this library's.</summary>
    public string? Beside { get; init; }

    /// <summary>The library lists its boards once for a process: one that is lost is found again by a new process only.</summary>
    public bool ListsOnce { get; init; }

    /// <summary>The setting that turns it off.</summary>
    public string Switch { get => field ?? $"vendors.{Name}.enabled"; init; }
}
