using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Amd;

/// <summary>One GPU node of the compute driver's topology: a GPU, or a compute partition of one.</summary>
/// <param name="Number">Of the node's folder; links name it.</param>
/// <param name="Address">PCI function of the board.</param>
/// <param name="Properties">As the driver writes them, decimal.</param>
internal sealed record KfdNode(int Number, string Name, string Address, ImmutableDictionary<string, ulong> Properties, ImmutableArray<KfdLink> Links, long MemoryBytes)
{
    public ulong this[string key] => Properties.GetValueOrDefault(key);

    public int RenderMinor => (int)Math.Min(this["drm_render_minor"], int.MaxValue);

    /// <summary>The order of partitions on their board.</summary>
    public (ulong Partition, int Number) Order => (this["location_id"] >> 28, Number);
}

/// <param name="Type">2 PCIe, 11 XGMI; see <see cref="KfdTopology"/>.</param>
/// <param name="MegabytesPerSecond">The most it can carry; 0 when it does not say.</param>
internal readonly record struct KfdLink(int To, ulong Type, ulong Weight, ulong MegabytesPerSecond);

/// <summary>Reads the topology that the compute driver (KFD) keeps in sysfs. Blocks on it.</summary>
internal sealed class KfdTopology(KernelTree sys)
{
    public const string Folder = "class/kfd/kfd/topology";
    public const ulong Xgmi = 11, Pcie = 2;

    private const ulong AmdId = 0x1002;
    private const int MostNodes = 1024, MostLinks = 1024;

    public string Generation => sys.Text($"{Folder}/generation_id") ?? "";

    /// <summary>GPU nodes of AMD's that say where they are. A node of a GPU that this process may not see is left out.</summary>
    public ImmutableArray<KfdNode> Read() => [.. sys.Names($"{Folder}/nodes").Take(MostNodes).Select(ReadNode).OfType<KfdNode>()];

    private KfdNode? ReadNode(string name)
    {
        var folder = $"{Folder}/nodes/{name}";
        if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || Properties(folder) is not { } properties
            || properties.GetValueOrDefault("simd_count") == 0 || properties.GetValueOrDefault("vendor_id") != AmdId)
            return null;
        return new KfdNode(number, sys.Word($"{folder}/name") ?? "", AddressOf(properties), properties, [.. Links(folder, "io_links"), .. Links(folder, "p2p_links")], Memory(folder));
    }

    /// <summary>Bits 31 to 28 of the location are the partition; older drivers have it in the function's bits, where no board is.</summary>
    private string AddressOf(ImmutableDictionary<string, ulong> properties)
    {
        var location = properties.GetValueOrDefault("location_id");
        var (domain, bus, device, function) = (properties.GetValueOrDefault("domain") & 0xffff_ffff, (location >> 8) & 0xff, (location >> 3) & 0x1f, location & 7);
        var address = string.Create(CultureInfo.InvariantCulture, $"{domain:x4}:{bus:x2}:{device:x2}.{function}");
        return function == 0 || sys.Has($"bus/pci/devices/{address}") ? address : string.Create(CultureInfo.InvariantCulture, $"{domain:x4}:{bus:x2}:{device:x2}.0");
    }

    private IEnumerable<KfdLink> Links(string folder, string kind)
    {
        foreach (var name in sys.Names($"{folder}/{kind}").Take(MostLinks))
        {
            if (Properties($"{folder}/{kind}/{name}") is { } link && link.GetValueOrDefault("node_to", ulong.MaxValue) is < MostNodes * 16 and var to)
                yield return new KfdLink((int)to, link.GetValueOrDefault("type"), link.GetValueOrDefault("weight"), link.GetValueOrDefault("max_bandwidth"));
        }
    }

    /// <summary>Heaps 1 and 2 are the GPU's own memory.</summary>
    private long Memory(string folder) => sys.Names($"{folder}/mem_banks").Select(bank => Properties($"{folder}/mem_banks/{bank}")).OfType<ImmutableDictionary<string, ulong>>()
        .Where(bank => bank.GetValueOrDefault("heap_type") is 1 or 2).Aggregate(0L, (sum, bank) => sum + (long)Math.Min(bank.GetValueOrDefault("size_in_bytes"), 1UL << 50));

    /// <summary>Lines <c>key value</c>; null when the file is not there or empty.</summary>
    private ImmutableDictionary<string, ulong>? Properties(string folder)
    {
        if (sys.Text($"{folder}/properties") is not { Length: > 0 } text)
            return null;
        var properties = ImmutableDictionary.CreateBuilder<string, ulong>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var key, var value] && ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                properties[key] = number;
        }
        return properties.ToImmutable();
    }
}
