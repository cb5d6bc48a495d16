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

    /// <param name="addresses">Of the devices asked about.</param>
    public NicNearness Read(IEnumerable<string> addresses)
    {
        var cards = _sys.Names(Devices, "*").Where(IsCard).Select(PlaceOf).OfType<Place>().ToArray();
        var found = new Dictionary<string, NearNics>(StringComparer.Ordinal);
        foreach (var address in addresses.Distinct(StringComparer.Ordinal))
        {
            if (cards.Length == 0 || PlaceOf(address) is not { } place)
                continue;
            var ways = cards.Select(card => WayBetween(place, card)).ToArray();
            var nearest = ways.Max();
            found[address] = new NearNics(nearest, ways.Count(way => way == nearest));
        }
        return new NicNearness(found.ToFrozenDictionary(StringComparer.Ordinal));
    }

    private sealed record Place(string[] Path, int? NumaNode);

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

    /// <summary>The way from the host bridge down: <c>pci0000:16, 0000:16:01.0, …</c>. Null for an address that the bus does not have.</summary>
    private Place? PlaceOf(string address)
    {
        if (_sys.Resolve($"{Devices}/{address}") is not { } path)
            return null;
        string[] steps = [.. path.Split('/').SkipWhile(step => !step.StartsWith("pci", StringComparison.Ordinal) || !step.Contains(':'))];
        return new Place(steps, host.ReadNumaNode(address));
    }

    /// <summary>Below one root port there is a switch; two devices on ports of it are two steps below where their ways part.</summary>
    internal static LinkKind WayBetween(string[] one, string[] other, bool isSameNode)
    {
        var common = one.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
        var farther = Math.Max(one.Length, other.Length) - common;
        return common switch
        {
            0 => isSameNode ? LinkKind.SameNumaNode : LinkKind.System,
            1 => LinkKind.SameHostBridge,
            _ => farther <= 1 ? LinkKind.SameBoard : farther == 2 ? LinkKind.SinglePcieSwitch : LinkKind.PcieSwitches,
        };
    }

    private static LinkKind WayBetween(Place one, Place other) =>
        WayBetween(one.Path, other.Path, one.NumaNode is { } node && node == other.NumaNode);
}
