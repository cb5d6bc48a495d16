using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Passthrough;

/// <summary>Finds accelerators that a vfio driver holds, with their IOMMU groups, in sysfs. Blocks on it.</summary>
internal sealed class PassthroughScan(HostPaths host, PassthroughOptions options)
{
    public const string Vendor = "passthrough";

    /// <summary>Names of <see cref="Device.Traits"/>: the IOMMU group's number; who holds another function of the group, which keeps all of it back.</summary>
    public const string Group = "iommu-group", HeldBy = "held-by";

    /// <summary>Of these vendors' boards resources are named after the domain that their own plugins use.</summary>
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
    private static readonly ImmutableArray<string> Accelerators = ["0x03", "0x0b40", "0x12"];

    private readonly string _devices = Path.Combine(host.Sys, "bus/pci/devices");

    /// <summary>Ordered by PCI address. A board whose group is not wholly free for virtual machines is held back, and says why.</summary>
    public ImmutableArray<Device> Find()
    {
        var boards = Addresses().Where(IsFree).Where(IsAccelerator).Order(StringComparer.Ordinal).ToArray();
        var names = PciNames.Read(host, options.PciIds, boards.Select(Ids).ToHashSet(StringComparer.Ordinal));
        return [.. boards.Select((address, index) => Describe(address, index, names)).OfType<Device>()];
    }

    private Device? Describe(string address, int index, FrozenDictionary<string, string> names)
    {
        if (LinkName(address, "iommu_group") is not { } group || !group.All(char.IsAsciiDigit))
            return null; // without an IOMMU nothing can be given to a guest
        var ids = Ids(address);
        var model = names.GetValueOrDefault(ids);
        var holder = Holder(group);
        var traits = ImmutableSortedDictionary<string, string>.Empty.Add(Group, group);
        return new Device
        {
            Id = $"vfio-{address}",
            Vendor = Vendor,
            Model = model ?? $"PCI device {ids}",
            ResourceName = options.Names.GetValueOrDefault(ids) ?? $"{Domains[ids[..4]]}/{ResourceOf(model) ?? ids[5..]}",
            Index = index,
            PciAddress = address,
            NumaNode = host.ReadNumaNode(address),
            IsHeldBack = holder is not null,
            Traits = holder is null ? traits : traits.Add(HeldBy, holder),
            DeviceNodes = [$"vfio/{group}", "vfio/vfio"],
        };
    }

    /// <summary>As KubeVirt's plugins name a board: upper case, dots, slashes and spaces as underscores, nothing else but letters and digits.</summary>
    internal static string? ResourceOf(string? model)
    {
        var words = model?.ToUpperInvariant().Replace('/', '_').Replace('.', '_').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var name = words is null ? "" : new string([.. string.Join('_', words).Where(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')]).Trim('_');
        return name.Length == 0 ? null : ResourceName.Fault($"x.y/{name}") is null ? name : name[..Math.Min(name.Length, 63)].TrimEnd('_');
    }

    /// <summary>Who holds a function of the group so that no guest can have it; null when all are free. Bridges belong to the host.</summary>
    private string? Holder(string group)
    {
        foreach (var address in Names(Path.Combine(host.Sys, "kernel/iommu_groups", group, "devices")).Order(StringComparer.Ordinal))
        {
            if (IsFree(address) || Text(address, "class")?.StartsWith("0x06", StringComparison.Ordinal) == true)
                continue;
            return LinkName(address, "driver") is { } driver ? $"{address} is held by the driver {driver}" : $"{address} is held by no vfio driver";
        }
        return null;
    }

    private bool IsFree(string address) => LinkName(address, "driver") is { } driver
        && (driver == "vfio-pci" || driver.EndsWith("_vfio_pci", StringComparison.Ordinal) || driver.EndsWith("-vfio-pci", StringComparison.Ordinal));

    private bool IsAccelerator(string address) => Text(address, "class") is { } text
        && Accelerators.Any(start => text.StartsWith(start, StringComparison.Ordinal)) && Ids(address) is { Length: 9 } ids && Domains.ContainsKey(ids[..4]);

    /// <summary>As in <c>10de:2330</c>; empty when sysfs does not say.</summary>
    private string Ids(string address) => Text(address, "vendor") is { Length: 6 } vendor && Text(address, "device") is { Length: 6 } device
        ? string.Create(CultureInfo.InvariantCulture, $"{vendor[2..]}:{device[2..]}").ToLowerInvariant() : "";

    private IEnumerable<string> Addresses() => Names(_devices).Where(name => PciAddress.Normalise(name) == name);

    private static string[] Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private string? LinkName(string address, string link)
    {
        try
        {
            return new FileInfo(Path.Combine(_devices, address, link)).LinkTarget is { } target ? Path.GetFileName(target) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private string? Text(string address, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_devices, address, file)).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
