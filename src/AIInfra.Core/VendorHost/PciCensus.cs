using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.VendorHost;

/// <summary>Compares the boards on the PCI bus with those that a driver lists. Reads sysfs only; used by the worker's own flow only.</summary>
internal sealed class PciCensus(HostPaths host, PciFamily family)
{
    private readonly HashSet<string> _missed = new(StringComparer.Ordinal), _told = new(StringComparer.Ordinal);

    /// <param name="known">Addresses of the devices in the inventory, the gone ones included: those have a problem already.</param>
    /// <returns>Those that are missing for the second look or longer and were not told yet; and those told that are missing no more.
    /// The first look counts every board as told that is not missing: a problem may stand from before the daemon was started.</returns>
    internal (ImmutableArray<string> Missing, ImmutableArray<string> Found) Look(IReadOnlySet<string> known)
    {
        var onBus = OnBus();
        var absent = onBus.Where(address => !known.Contains(address)).ToHashSet(StringComparer.Ordinal);
        var missing = absent.Where(address => _missed.Contains(address) && _told.Add(address)).Order(StringComparer.Ordinal).ToImmutableArray();
        var found = _told.Concat(known).Where(address => !absent.Contains(address)).Distinct().ToImmutableArray();
        _told.ExceptWith(found);
        _missed.Clear();
        _missed.UnionWith(absent);
        return (missing, found);
    }

    /// <summary>Physical functions of the family that no other driver holds.</summary>
    private List<string> OnBus()
    {
        var folder = Path.Combine(host.Sys, "bus/pci/devices");
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Where(IsOfFamily).Select(path => Path.GetFileName(path))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return []; // no PCI bus, or it changes under us: nothing is concluded
        }
    }

    private bool IsOfFamily(string path)
    {
        if (Read(path, "vendor") != family.Vendor || Read(path, "class") is not { } text || !family.Classes.Any(text.StartsWith))
            return false;
        if (Path.Exists(Path.Combine(path, "physfn")))
            return false; // a virtual function is a guest's
        var driver = new FileInfo(Path.Combine(path, "driver")).LinkTarget; // null: none holds it
        return driver is null || Path.GetFileName(driver) == family.Driver;
    }

    private static string? Read(string path, string name) => File.Exists(Path.Combine(path, name)) ? File.ReadAllText(Path.Combine(path, name)).Trim() : null;
}
