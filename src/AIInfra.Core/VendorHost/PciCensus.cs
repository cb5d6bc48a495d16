using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.VendorHost;

/// <summary>Compares the boards on the PCI bus with those that a driver lists. Reads sysfs only; used by the worker's own flow only.</summary>
internal sealed class PciCensus(HostPaths host, PciFamily family)
{
    private readonly HashSet<string> _missed = new(StringComparer.Ordinal);
    private readonly string _folder = Path.Combine(host.Sys, "bus/pci/devices");

    /// <param name="known">Addresses of the devices in the inventory, the gone ones included: those have a problem already.</param>
    /// <param name="standing">Addresses for which a problem stands, also of other families and of a daemon before this one.</param>
    /// <returns>Those that are missing for the second look and have no problem yet; and those of this family whose problem is over.</returns>
    internal (ImmutableArray<string> Missing, ImmutableArray<string> Found) Look(IReadOnlySet<string> known, IReadOnlySet<string> standing)
    {
        if (OnBus() is not { } onBus)
            return ([], []);
        var absent = onBus.Where(address => !known.Contains(address)).ToHashSet(StringComparer.Ordinal);
        var missing = absent.Where(address => _missed.Contains(address) && !standing.Contains(address)).Order(StringComparer.Ordinal).ToImmutableArray();
        var found = standing.Where(address => !absent.Contains(address) && !IsAnothers(address)).ToImmutableArray();
        _missed.Clear();
        _missed.UnionWith(absent);
        return (missing, found);
    }

    /// <summary>Physical functions of the family that no other driver holds; null when there is no PCI bus, or it changes under us: nothing is concluded then.</summary>
    private List<string>? OnBus()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(_folder).Where(IsOfFamily).Select(path => Path.GetFileName(path))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private bool IsOfFamily(string path)
    {
        if (Read(path, "vendor") != family.Vendor || Read(path, "class") is not { } text || !family.Classes.Any(start => text.StartsWith(start, StringComparison.Ordinal)))
            return false;
        if (Path.Exists(Path.Combine(path, "physfn")))
            return false; // a virtual function is a guest's
        var driver = new FileInfo(Path.Combine(path, "driver")).LinkTarget; // null: none holds it
        return driver is null || Path.GetFileName(driver) == family.Driver;
    }

    private bool IsAnothers(string address) => Read(Path.Combine(_folder, address), "vendor") is { } vendor && vendor != family.Vendor;

    private static string? Read(string path, string name) => File.Exists(Path.Combine(path, name)) ? File.ReadAllText(Path.Combine(path, name)).Trim() : null;
}
