using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Core.Passthrough;

/// <summary>Which PCI functions are accelerators of makers that are known, and what sysfs says of them for virtual machines. Blocks on sysfs.</summary>
internal sealed class PciAccelerators(KernelTree sys)
{
    public const string Bus = "bus/pci/devices";

    /// <summary>Of these makers' boards resources are named after the domain that their own plugins use.</summary>
    private static readonly FrozenDictionary<string, string> Domains = new Dictionary<string, string>
    {
        ["10de"] = "nvidia.com",
        ["1002"] = "amd.com",
        ["8086"] = "intel.com",
        ["19e5"] = "huawei.com",
        ["cabc"] = "cambricon.com",
        ["1da3"] = "habana.ai",
        ["1e3e"] = "iluvatar.com",
        ["9999"] = "metax-tech.com",
        ["1ed5"] = "mthreads.com",
        ["1d22"] = "kunlunxin.com",
        ["1d94"] = "hygon.com",
        ["1e36"] = "enflame.com",
        ["1ee0"] = "birentech.com",
        ["1ded"] = "alibabacloud.com",
        ["10ee"] = "xilinx.com",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Display controllers, co-processors and processing accelerators, by their base class.</summary>
    private static readonly ImmutableArray<string> Classes = ["0x03", "0x0b40", "0x12"];

    /// <summary>In their order.</summary>
    public IEnumerable<string> Find() => sys.Names(Bus).Where(name => PciAddress.Normalise(name) == name).Where(IsKnown).Order(StringComparer.Ordinal);

    public bool IsKnown(string address) => sys.Text($"{Bus}/{address}/class") is { } text
        && Classes.Any(start => text.StartsWith(start, StringComparison.Ordinal)) && Ids(address) is { Length: 9 } ids && Domains.ContainsKey(ids[..4]);

    /// <summary>As in <c>10de:2330</c>; empty when sysfs does not say.</summary>
    public string Ids(string address) => sys.Text($"{Bus}/{address}/vendor") is { Length: 6 } vendor && sys.Text($"{Bus}/{address}/device") is { Length: 6 } device
        ? string.Create(CultureInfo.InvariantCulture, $"{vendor[2..]}:{device[2..]}").ToLowerInvariant() : "";

    /// <param name="ids">Of one that is known.</param>
    public static string DomainOf(string ids) => Domains[ids[..4]];

    /// <summary>Number of the IOMMU group; null without one: then no guest can have it.</summary>
    /// <param name="folder">Of a function or a mediated device.</param>
    public string? GroupOf(string folder) => sys.LinkName($"{folder}/iommu_group") is { Length: > 0 } group && group.All(char.IsAsciiDigit) ? group : null;

    /// <summary>The board that a virtual function is of; null for a board.</summary>
    public string? BoardOf(string address) => sys.LinkName($"{Bus}/{address}/physfn") is { } board ? PciAddress.Normalise(board) : null;

    /// <summary>A driver for virtual machines has it: one of vfio's, or its maker's, which says by a type that it made a device for a guest of it.</summary>
    public bool IsFree(string address) => sys.LinkName($"{Bus}/{address}/driver") is { } driver
        && (driver == "vfio-pci" || driver.EndsWith("_vfio_pci", StringComparison.Ordinal) || driver.EndsWith("-vfio-pci", StringComparison.Ordinal) || TypeOf(address) is not null);

    /// <summary>Number of the type that a virtual function was made of, where its maker's driver does that without mediated devices; null for none.</summary>
    public long? TypeOf(string address) => BoardOf(address) is not null && sys.Match($"{Bus}/{address}/*/current_vgpu_type") is [var file, ..] && sys.Number(file) is > 0 and var type ? type : null;
}
