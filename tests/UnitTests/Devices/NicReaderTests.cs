using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;

namespace AIInfra.UnitTests.Devices;

public sealed class NicReaderTests : IDisposable
{
    private const string Gpu = "0000:19:00.0", FarGpu = "0000:b9:00.0";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-pci-");

    public NicReaderTests()
    {
        Put("pci0000:16/0000:16:01.0/0000:17:00.0/0000:18:00.0/0000:19:00.0", "0x030200", 0);
        Put("pci0000:b6/0000:b6:01.0/0000:b9:00.0", "0x030200", 1);
    }

    [Fact]
    public void A_node_without_network_cards_has_none_near() => Assert.Null(Near(Gpu));

    [Fact]
    public void A_card_on_the_same_switch_is_nearest()
    {
        Put("pci0000:16/0000:16:01.0/0000:17:00.0/0000:18:01.0/0000:1a:00.0", "0x020700", 0);
        Put("pci0000:16/0000:16:02.0/0000:1b:00.0", "0x020000", 0, isRdma: true);

        Assert.Equal(new NearNics(LinkKind.SinglePcieSwitch, 1), Near(Gpu));
        Assert.Equal(new NearNics(LinkKind.System, 2), Near(FarGpu));
    }

    [Theory]
    [InlineData("pci0000:16/0000:16:01.0/0000:17:00.0/0000:18:01.0/0000:20:00.0/0000:21:00.0/0000:22:00.0", 0, LinkKind.PcieSwitches)]
    [InlineData("pci0000:16/0000:16:02.0/0000:1b:00.0", 0, LinkKind.SameHostBridge)]
    [InlineData("pci0000:30/0000:30:02.0/0000:31:00.0", 0, LinkKind.SameNumaNode)]
    [InlineData("pci0000:b6/0000:b6:02.0/0000:b7:00.0", 1, LinkKind.System)]
    public void Farther_away_the_tree_and_the_NUMA_node_tell(string card, int node, LinkKind kind)
    {
        Put(card, "0x020700", node);

        Assert.Equal(kind, Near(Gpu)?.Kind);
    }

    [Fact]
    public void An_ethernet_card_without_RDMA_and_a_virtual_function_count_for_nothing()
    {
        Put("pci0000:16/0000:16:02.0/0000:1b:00.0", "0x020000", 0);
        var function = Put("pci0000:16/0000:16:02.0/0000:1b:00.1", "0x020700", 0);
        File.CreateSymbolicLink(Path.Combine(function, "physfn"), "../0000:1b:00.0");

        Assert.Null(Near(Gpu));
    }

    private NearNics? Near(string address) =>
        new NicReader(new HostPaths { Root = _folder.FullName }).Read([Gpu, FarGpu, "0000:ff:00.0"]).ByAddress.TryGetValue(address, out var near) ? near : null;

    private string Put(string place, string pciClass, int node, bool isRdma = false)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "sys/devices", place)).FullName;
        File.WriteAllText(Path.Combine(folder, "class"), pciClass + "\n");
        File.WriteAllText(Path.Combine(folder, "numa_node"), $"{node}\n");
        if (isRdma)
            Directory.CreateDirectory(Path.Combine(folder, "infiniband/mlx5_0"));
        var bus = Directory.CreateDirectory(Path.Combine(_folder.FullName, "sys/bus/pci/devices")).FullName;
        File.CreateSymbolicLink(Path.Combine(bus, Path.GetFileName(place)), $"../../../devices/{place}");
        return folder;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
