using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Devices;

/// <summary>Where a function hangs in the PCI tree.</summary>
/// <param name="Path">The way from the host bridge down: <c>pci0000:16, 0000:16:01.0, …</c>.</param>
public sealed record PciPlace(string[] Path, int? NumaNode)
{
    /// <summary>Below one root port there is a switch; two devices on ports of it are two steps below where their ways part.</summary>
    public LinkKind WayTo(PciPlace other)
    {
        var common = Path.Zip(other.Path).TakeWhile(pair => pair.First == pair.Second).Count();
        var farther = Math.Max(Path.Length, other.Path.Length) - common;
        return common switch
        {
            0 => NumaNode is { } node && node == other.NumaNode ? LinkKind.SameNumaNode : LinkKind.System,
            1 => LinkKind.SameHostBridge,
            _ => farther <= 1 ? LinkKind.SameBoard : farther == 2 ? LinkKind.SinglePcieSwitch : LinkKind.PcieSwitches,
        };
    }
}

/// <summary>Finds places in sysfs. Blocks on it.</summary>
public sealed class PciPlaces(HostPaths host)
{
    private readonly RootedFiles _sys = new(host.Sys);

    /// <summary>Null for an address that the bus does not have.</summary>
    public PciPlace? Of(string address) => _sys.Resolve($"/bus/pci/devices/{address}") is not { } path ? null
        : new PciPlace([.. path.Split('/').SkipWhile(step => !step.StartsWith("pci", StringComparison.Ordinal) || !step.Contains(':'))], host.ReadNumaNode(address));
}
