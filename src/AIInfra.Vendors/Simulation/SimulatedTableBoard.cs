using System.Collections.Frozen;
using System.Globalization;

namespace AIInfra.Vendors.Simulation;

/// <summary>A board of a kind that needs no driver of the agent's own. {n} is its number, {g} its IOMMU group, {r} its render minor.</summary>
/// <param name="Class">Folder of its own below a class in sysfs; null for none.</param>
/// <param name="Health">A file below that folder or the function's, its text while it is well and while it is not.</param>
public sealed record SimulatedKind(string Maker, string Device, string PciClass, string? Driver, string? Class, string[] Nodes, (string File, string Good, string Bad)? Health = null)
{
    public static FrozenDictionary<string, SimulatedKind> All { get; } = new Dictionary<string, SimulatedKind>
    {
        ["tpu-v4"] = new("1ae0", "005e", "0x088000", "gasket", "accel/accel{n}", ["accel{n}"]),
        ["tpu-v5e"] = new("1ae0", "0063", "0x120000", "vfio-pci", null, ["vfio/{g}", "vfio/vfio"]),
        ["tpu-v6e"] = new("1ae0", "006f", "0x120000", "vfio-pci", null, ["vfio/{g}", "vfio/vfio"]),
        ["edgetpu"] = new("1ac1", "089a", "0x0880ff", "apex", "apex/apex_{n}", ["apex_{n}"], ("status", "ALIVE", "DEAD")),
        ["gaudi"] = new("1da3", "1020", "0x120000", "habanalabs", "accel/accel{n}", ["accel/accel{n}", "accel/accel_controlD{n}"], ("device/status", "Operational", "Malfunction")),
        ["kunlun"] = new("1d22", "3684", "0x120000", "kunlun", null, ["xpu{n}", "xpuctrl"]),
        ["iluvatar"] = new("1e3e", "0001", "0x030200", "iluvatar", null, ["iluvatar{n}", "itrctl"]),
        ["metax"] = new("9999", "4000", "0x038000", "metax", null, ["dri/renderD{r}", "dri/card{n}", "mxcd"]),
        ["mthreads"] = new("1ed5", "0323", "0x030000", "mtgpu", null, ["dri/renderD{r}", "dri/card{n}", "mtgpu.0"]),
        ["biren"] = new("1ee0", "0100", "0x120000", "biren", null, ["biren/card_{n}", "biren-m"]),
        ["enflame"] = new("1e36", "0001", "0x120000", "enflame", null, ["gcu{n}", "gcuctl"]),
        ["hygon"] = new("1d94", "54b7", "0x0b4000", "hycu", null, ["dri/renderD{r}", "dri/card{n}", "kfd", "mkfd"]),
        ["innosilicon"] = new("1ec8", "9800", "0x030000", "inno", null, ["dri/renderD{r}", "dri/card{n}"]),
        ["xilinx"] = new("10ee", "5001", "0x120000", "xocl", null, ["dri/renderD{r}"]),
        ["intel-fpga"] = new("8086", "bcce", "0x120000", "dfl-pci", "fpga_region/region{n}", ["dfl-port.{n}", "dfl-fme.{n}"]),
        ["mali"] = new("", "", "", null, "misc/mali{n}", ["mali{n}"]),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}

/// <inheritdoc cref="SimulatedKind"/>
public sealed class SimulatedTableBoard(SimulatedFiles files, int slot, int number, SimulatedKind kind) : SimulatedBoard(files, slot)
{
    private const int FirstGroup = 20, FirstMinor = 128;

    public override string Kind => "board";

    private string Place(string text) => text
        .Replace("{n}", Number(number), StringComparison.Ordinal).Replace("{g}", Number(FirstGroup + number), StringComparison.Ordinal)
        .Replace("{r}", Number(FirstMinor + number), StringComparison.Ordinal);

    private string? Own => kind.Class is null ? null : $"{(kind.Maker.Length == 0 ? "sys/devices/platform/soc" : Folder)}/{Place(kind.Class)}";

    public override void Write()
    {
        if (kind.Maker.Length > 0)
            WriteFunction(kind.Maker, kind.Device, kind.PciClass, kind.Driver);
        if (Own is { } own)
        {
            Directory.CreateDirectory(Files.Here(own));
            if (kind.Maker.Length > 0)
                Files.Link($"{own}/device", $"../../../{Address}");
            Files.Link($"sys/class/{Place(kind.Class!)}", $"../../{own["sys/".Length..]}");
        }
        foreach (var node in kind.Nodes.Select(Place))
        {
            Files.Put($"dev/{node}", "");
            if (node.StartsWith("dri/", StringComparison.Ordinal))
                Directory.CreateDirectory(Files.Here($"{Folder}/drm/{node["dri/".Length..]}"));
            if (node.StartsWith("dfl-", StringComparison.Ordinal))
                Directory.CreateDirectory(Files.Here($"{Own}/{node}"));
        }
        if (kind.Nodes[0] == "vfio/{g}")
        {
            Directory.CreateDirectory(Files.Here($"sys/kernel/iommu_groups/{Place("{g}")}"));
            Files.Link($"{Folder}/iommu_group", $"../../../../kernel/iommu_groups/{Place("{g}")}");
        }
        if (kind.Driver == "xocl")
        {
            Files.Put($"{Folder}/rom.u.0/VBNV", "xilinx_u250_gen3x16_base_4");
            Files.Put($"{Folder}/rom.u.0/timestamp", "0");
        }
        if (kind.Driver == "apex")
            Files.Put($"{Own}/temp", 41_000);
        SetHealth(isGood: true);
    }

    public override void Remove()
    {
        if (kind.Class is not null)
            Files.Remove($"sys/class/{Place(kind.Class)}");
        Files.Remove($"dev/{Place(kind.Nodes[0])}");
        if (kind.Maker.Length > 0)
            RemoveFunction(kind.Driver);
        else if (Own is { } own)
            Files.Remove(own);
    }

    /// <summary><c>unhealthy</c>, <c>healthy</c>: of kinds that have a file to say so.</summary>
    public override bool Apply(ReadOnlySpan<string> words) => words is ["unhealthy" or "healthy"] ? SetHealth(words[0] == "healthy") : base.Apply(words);

    private bool SetHealth(bool isGood)
    {
        if (kind.Health is not { } health)
            return false;
        var (folder, file) = health.File.StartsWith("device/", StringComparison.Ordinal) ? (Folder, health.File["device/".Length..]) : (Own, health.File);
        Files.Put($"{folder}/{file}", isGood ? health.Good : health.Bad);
        return true;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
