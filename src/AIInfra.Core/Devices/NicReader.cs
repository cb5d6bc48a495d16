using System.Collections.Frozen;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Devices;

/// <summary>Finds network cards and how near devices are to them, from where both hang in the PCI tree (sysfs).</summary>
/// <remarks>Cards are InfiniBand controllers (class 0x0207) and Ethernet ones (0x0200) that have an RDMA device. Their virtual functions
/// are where they are and count for nothing. Blocks on sysfs.</remarks>
internal sealed class NicReader(HostPaths host)
{
    private const string Devices = "/bus/pci/devices", InfiniBand = "0x0207", Ethernet = "0x0200";

    private readonly RootedFiles _sys = new(host.Sys);
    private readonly PciPlaces _places = new(host);

    /// <param name="addresses">Of the devices asked about.</param>
    public NicNearness Read(IEnumerable<string> addresses)
    {
        var cards = _sys.Names(Devices, "*").Where(IsCard).Select(_places.Of).OfType<PciPlace>().ToArray();
        var found = new Dictionary<string, NearNics>(StringComparer.Ordinal);
        foreach (var address in addresses.Distinct(StringComparer.Ordinal))
        {
            if (cards.Length == 0 || _places.Of(address) is not { } place)
                continue;
            var ways = cards.Select(place.WayTo).ToArray();
            var nearest = ways.Max();
            found[address] = new NearNics(nearest, ways.Count(way => way == nearest));
        }
        return new NicNearness(found.ToFrozenDictionary(StringComparer.Ordinal));
    }

    private bool IsCard(string address)
    {
        var folder = _sys.Here($"{Devices}/{address}");
        try
        {
            if (Path.Exists(Path.Combine(folder, "physfn")))
                return false;
            var pciClass = File.ReadAllText(Path.Combine(folder, "class")).Trim();
            return pciClass.StartsWith(InfiniBand, StringComparison.Ordinal)
                || (pciClass.StartsWith(Ethernet, StringComparison.Ordinal) && Directory.Exists(Path.Combine(folder, "infiniband")));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
