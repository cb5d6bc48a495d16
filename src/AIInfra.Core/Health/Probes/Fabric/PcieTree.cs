using System.Globalization;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Fabric;

/// <summary>How a PCI function is linked to what is above it, as sysfs says.</summary>
/// <param name="SpeedGts">Gigatransfers a second of each lane; null when not told.</param>
internal readonly record struct PcieLink(double? SpeedGts, int? Width, double? MaxSpeedGts, int? MaxWidth)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{SpeedGts} GT/s x{Width} (able to {MaxSpeedGts} GT/s x{MaxWidth})");
}

/// <param name="Address">As <see cref="Devices.PciAddress"/> prints it.</param>
/// <param name="Kind">Vendor and device id: functions of the same kind are siblings.</param>
/// <param name="IsAccelerator">It may slow its link by itself while it has no work.</param>
/// <param name="Above">The ports from it up to the root, the nearest first.</param>
internal sealed record PcieFunction(string Address, string Kind, bool IsAccelerator, IReadOnlyList<string> Above);

/// <summary>The PCI functions whose links matter: accelerators, network cards, NVMe disks. Virtual functions have no link of their own.</summary>
internal sealed class PcieTree(HostPaths host)
{
    private const string Devices = "/bus/pci/devices";
    private static readonly string[] Accelerators = ["0x0300", "0x0302", "0x0380", "0x1200"], Others = ["0x0200", "0x0207", "0x0108"];

    private readonly RootedFiles _sys = new(host.Sys);

    public List<PcieFunction> Find() => [.. _sys.Names(Devices, "*").Select(Of).OfType<PcieFunction>()];

    public PcieLink LinkOf(string address) => new(
        Speed(Read(address, "current_link_speed")), Width(Read(address, "current_link_width")), Speed(Read(address, "max_link_speed")), Width(Read(address, "max_link_width")));

    private PcieFunction? Of(string address)
    {
        var folder = _sys.Here($"{Devices}/{address}");
        var kind = Read(address, "class") is { Length: >= 6 } text ? text[..6] : "";
        var isAccelerator = Accelerators.Contains(kind);
        if ((!isAccelerator && !Others.Contains(kind)) || Path.Exists(Path.Combine(folder, "physfn")) || _sys.Resolve($"{Devices}/{address}") is not { } path)
            return null;
        var above = path.Split('/').Where(step => step != address && Core.Devices.PciAddress.Normalise(step) == step).Reverse().ToList();
        return new PcieFunction(address, $"{Read(address, "vendor")}:{Read(address, "device")}", isAccelerator, above);
    }

    private string? Read(string address, string file) => HostText.Read(_sys.Here($"{Devices}/{address}/{file}"));

    /// <summary>Out of <c>16.0 GT/s PCIe</c>; null for <c>Unknown</c>.</summary>
    private static double? Speed(string? text) =>
        text is not null && double.TryParse(text.Split(' ', 2)[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var speed) && speed > 0 ? speed : null;

    /// <summary>0 and 63 stand for no link and for not known.</summary>
    private static int? Width(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var width) && width is > 0 and < 63 ? width : null;
}
