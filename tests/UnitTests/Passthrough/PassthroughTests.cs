using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Passthrough;
using AIInfra.Core.Sharing;

namespace AIInfra.UnitTests.Passthrough;

/// <summary>Boards for virtual machines, on a sysfs tree of a test's own.</summary>
public sealed class PassthroughTests : IDisposable
{
    private const string H100 = "0x2330", Gpu = "0x030200", Audio = "0x040300";

    private readonly DirectoryInfo _host = Directory.CreateTempSubdirectory("aiinfra-vfio-");

    public void Dispose() => _host.Delete(recursive: true);

    [Fact]
    public void A_board_that_vfio_holds_is_offered_under_its_name_in_the_list_of_PCI_names()
    {
        Write("usr/share/misc/pci.ids", "# comment\n1002  AMD\n\t2330  Not this one\n10de  NVIDIA Corporation\n\t2330  GH100 [H100 SXM5 80GB]\n\t\t10de 16c1  A board of it\nC 03  Display controller\n");
        Function("0000:3b:00.0", "0x10de", H100, Gpu, "vfio-pci", 17, numa: 1);

        var offer = Offer();

        var resource = Assert.Single(offer.Resources);
        Assert.Equal("nvidia.com/GH100_H100_SXM5_80GB", resource.Name);
        var unit = Assert.Single(resource.Units);
        Assert.Equal(("vfio-0000:3b:00.0", "GH100 [H100 SXM5 80GB]", (int?)1), (unit.Id, unit.First.Model, unit.First.NumaNode));
        var spec = new PassthroughOffers().Allocate(resource, resource.Units);
        Assert.Equal([new("PCI_RESOURCE_NVIDIA_COM_GH100_H100_SXM5_80GB", "0000:3b:00.0")], spec.Environment);
        Assert.Equal(["/dev/vfio/17 rwm", "/dev/vfio/vfio rwm"], spec.DeviceNodes.Select(node => $"{node.HostPath} {node.Permissions}"));
        Assert.All(spec.DeviceNodes, node => Assert.Equal(node.HostPath, node.ContainerPath));
    }

    [Fact]
    public void Without_the_list_of_names_the_device_id_names_it_and_a_name_chosen_by_hand_goes_before()
    {
        Function("0000:3b:00.0", "0x10de", H100, Gpu, "vfio-pci", 17);
        Function("0000:5e:00.0", "0x1002", "0x74a1", "0x120000", "vfio-pci", 18);

        Assert.Equal(["amd.com/74a1", "nvidia.com/2330"], Offer().Resources.Select(resource => resource.Name));
        Assert.Equal(["acme.com/big", "amd.com/74a1"], Offer(new PassthroughOptions { Names = new Dictionary<string, string> { ["10de:2330"] = "acme.com/big" }.ToFrozenDictionary() })
            .Resources.Select(resource => resource.Name));
    }

    [Fact]
    public void A_group_is_one_unit_with_all_its_boards_and_only_they_are_named_to_the_guest()
    {
        Function("0000:3b:00.0", "0x10de", H100, Gpu, "vfio-pci", 17);
        Function("0000:3b:00.1", "0x10de", "0x22ba", Audio, "vfio-pci", 17);
        Function("0000:3c:00.0", "0x10de", H100, Gpu, "nvgrace_gpu_vfio_pci", 17);
        Function("0000:3a:00.0", "0x10b5", "0x8747", "0x060400", "pcieport", 17); // the bridge above them

        var resource = Assert.Single(Offer().Resources);

        Assert.Equal(["0000:3b:00.0", "0000:3c:00.0"], Assert.Single(resource.Units).Devices.Select(device => device.PciAddress));
        var spec = new PassthroughOffers().Allocate(resource, resource.Units);
        Assert.Equal("0000:3b:00.0,0000:3c:00.0", Assert.Single(spec.Environment).Value);
        Assert.Equal(["/dev/vfio/17", "/dev/vfio/vfio"], spec.DeviceNodes.Select(node => node.HostPath));
    }

    [Theory]
    [InlineData("snd_hda_intel", "0000:3b:00.1 is held by the driver snd_hda_intel")]
    [InlineData(null, "0000:3b:00.1 is held by no vfio driver")]
    public void A_group_with_a_function_that_the_host_keeps_is_not_offered_and_that_is_said(string? driver, string why)
    {
        Function("0000:3b:00.0", "0x10de", H100, Gpu, "vfio-pci", 17);
        Function("0000:3b:00.1", "0x10de", "0x22ba", Audio, driver, 17);
        Function("0000:5e:00.0", "0x10de", H100, Gpu, "vfio-pci", 18);

        var offer = Offer();

        Assert.Equal(["vfio-0000:5e:00.0"], Assert.Single(offer.Resources).Units.Select(unit => unit.Id));
        Assert.Equal($"0000:3b:00.0 (PCI device 10de:2330) is not offered to virtual machines: {why}, in the same IOMMU group 17, and a group goes to a guest whole. Bind that function to vfio-pci too.",
            Assert.Single(offer.Faults));
    }

    [Fact]
    public void Only_accelerators_that_vfio_holds_and_an_IOMMU_guards_are_listed()
    {
        Function("0000:01:00.0", "0x10de", H100, Gpu, "nvidia", 1);
        Function("0000:02:00.0", "0x10de", H100, Gpu, null, 2);
        Function("0000:03:00.0", "0x10de", H100, Gpu, "vfio-pci", null);
        Function("0000:04:00.0", "0x8086", "0x1521", "0x020000", "vfio-pci", 4); // a network card
        Function("0000:05:00.0", "0xffff", H100, Gpu, "vfio-pci", 5); // nobody's
        Write("sys/bus/pci/devices/garbage/vendor", "0x10de");
        Write("sys/bus/pci/devices/0000:06:00.0/class", Gpu); // half a device

        Assert.Empty(Scan());
    }

    [Fact]
    public void Boards_come_and_go_with_their_driver()
    {
        var inventory = new InventoryBoard();
        var worker = new PassthroughWorker(new PassthroughScan(Host, new PassthroughOptions()), inventory, new PciChanges().Of(null), TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<PassthroughWorker>.Instance);
        worker.Refresh();
        Assert.Empty(Assert.Single(inventory.Current.Value.Vendors).Devices);

        Function("0000:3b:00.0", "0x10de", H100, Gpu, "vfio-pci", 17);
        worker.Refresh();
        var seen = inventory.Current.Value;
        Assert.Single(seen.Devices);
        worker.Refresh();
        Assert.Same(seen, inventory.Current.Value);

        File.Delete(Path.Combine(_host.FullName, "sys/bus/pci/devices/0000:3b:00.0/driver"));
        worker.Refresh();
        Assert.Empty(inventory.Current.Value.Devices);
    }

    [Theory]
    [InlineData("GA102GL [A40]", "GA102GL_A40")]
    [InlineData("Navi 31 [Radeon RX 7900 XT/7900 XTX/7900M]", "NAVI_31_RADEON_RX_7900_XT_7900_XTX_7900M")]
    [InlineData("  ", null)]
    [InlineData("\u001b[2J\u65e5", "2J")]
    public void A_name_becomes_a_resource(string model, string? resource) => Assert.Equal(resource, PassthroughScan.ResourceOf(model));

    [Fact]
    public void A_long_name_is_cut_to_what_Kubernetes_takes() => Assert.Equal(63, PassthroughScan.ResourceOf(new string('a', 200))!.Length);

    [Theory]
    [InlineData("10de:2330=nvidia.com/H100", "10de:2330")]
    [InlineData("10DE:2330=nvidia.com/H100", "10de:2330")]
    [InlineData("10de=nvidia.com/H100", null)]
    [InlineData("10de:2330=H100", null)]
    [InlineData("10dg:2330=nvidia.com/H100", null)]
    public void A_name_by_hand_is_ids_and_a_resource(string text, string? ids) => Assert.Equal(ids, PassthroughOptions.ParseName(text)?.Ids);

    private HostPaths Host => new() { Root = _host.FullName };

    private ImmutableArray<Device> Scan(PassthroughOptions? options = null) => new PassthroughScan(Host, options ?? new PassthroughOptions()).Find(ImmutableDictionary<string, string>.Empty);

    private Offer Offer(PassthroughOptions? options = null) =>
        new PassthroughOffers().Decide(new VendorInventory { Vendor = "passthrough", State = VendorState.Ready, Devices = Scan(options) });

    private void Function(string address, string vendor, string device, string pciClass, string? driver, int? group, int numa = -1)
    {
        var folder = $"sys/bus/pci/devices/{address}";
        Write($"{folder}/vendor", vendor + "\n");
        Write($"{folder}/device", device + "\n");
        Write($"{folder}/class", pciClass + "\n");
        Write($"{folder}/numa_node", $"{numa}\n");
        if (driver is not null)
            File.CreateSymbolicLink(Path.Combine(_host.FullName, folder, "driver"), $"../../../../bus/pci/drivers/{driver}");
        if (group is not null)
        {
            File.CreateSymbolicLink(Path.Combine(_host.FullName, folder, "iommu_group"), $"../../../../kernel/iommu_groups/{group}");
            Write($"sys/kernel/iommu_groups/{group}/devices/{address}", "");
        }
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_host.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
