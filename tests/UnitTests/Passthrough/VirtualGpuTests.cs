using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Passthrough;
using AIInfra.Core.Sharing;
using AIInfra.Testing;
using AIInfra.Vendors.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Passthrough;

/// <summary>Virtual functions and mediated devices of GPUs, on trees as the makers' drivers show them.</summary>
public sealed class VirtualGpuTests : IDisposable
{
    private const string First = "4b20d080-1b54-4048-85b3-a6a62d165c01", Second = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    private readonly DirectoryInfo _host = Directory.CreateTempSubdirectory("aiinfra-vgpu-");
    private readonly SimulatedFiles _files;
    private readonly InventoryBoard _inventory = new();
    private readonly PassthroughWorker _worker;

    public VirtualGpuTests()
    {
        _files = new SimulatedFiles(_host.FullName);
        _worker = new PassthroughWorker(new PassthroughScan(new HostPaths { Root = _host.FullName }, new PassthroughOptions()), _inventory, new PciChanges().Of(null), TimeProvider.System,
            NullLogger<PassthroughWorker>.Instance);
    }

    public void Dispose() => _host.Delete(recursive: true);

    [Fact]
    public void Functions_of_MxGPU_have_the_resource_of_their_own_ids()
    {
        Function("0000:1b:00.0", "1002:74a1", "gim", 30); // the board: its driver for hosts has it
        Function("0000:1b:02.0", "1002:74b5", "vfio-pci", 31, board: "0000:1b:00.0");
        Function("0000:1b:02.1", "1002:74b5", "vfio-pci", 32, board: "0000:1b:00.0");

        var resource = Assert.Single(Offer().Resources);

        Assert.Equal(("amd.com/74b5", 2), (resource.Name, resource.Units.Length));
        var spec = new PassthroughOffers().Allocate(resource, resource.Units);
        Assert.Equal("PCI_RESOURCE_AMD_COM_74B5=0000:1b:02.0,0000:1b:02.1", Line(spec));
        Assert.Equal(["/dev/vfio/31", "/dev/vfio/32", "/dev/vfio/vfio"], spec.DeviceNodes.Select(node => node.HostPath));
    }

    [Fact]
    public void Functions_with_the_ids_of_their_board_are_told_from_it()
    {
        Function("0000:2b:00.0", "8086:0bd5", "xe", 40);
        _files.Put("sys/bus/pci/devices/0000:2b:00.0/sriov_numvfs", 1);
        Function("0000:2b:00.1", "8086:0bd5", "xe-vfio-pci", 41, board: "0000:2b:00.0");
        Function("0000:3b:00.0", "8086:0bd5", "vfio-pci", 42);

        Assert.Equal(["intel.com/0bd5", "intel.com/0bd5_VF"], Offer().Resources.Select(resource => resource.Name));
        Assert.Equal(["vfio-0000:2b:00.1"], Offer().Resources[1].Units.Select(unit => unit.Id));
    }

    [Fact]
    public void A_board_that_was_divided_while_vfio_had_it_is_not_given_whole_too()
    {
        Function("0000:2b:00.0", "8086:0bd5", "vfio-pci", 40);
        _files.Put("sys/bus/pci/devices/0000:2b:00.0/sriov_numvfs", 2);
        Function("0000:2b:00.1", "8086:0bd5", "vfio-pci", 41, board: "0000:2b:00.0");

        var offer = Offer();

        Assert.Equal(["intel.com/0bd5_VF"], offer.Resources.Select(resource => resource.Name));
        Assert.StartsWith("0000:2b:00.0 (PCI device 8086:0bd5) is not offered whole: it is divided into 2 virtual functions", Assert.Single(offer.Faults), StringComparison.Ordinal);
    }

    [Fact]
    public void A_vGPU_of_a_type_on_a_virtual_function_is_offered_by_its_type_and_a_function_without_one_is_not()
    {
        Function("0000:3b:00.0", "10de:26b9", "nvidia", 50);
        foreach (var (function, type) in new[] { (4, 0), (5, 1155), (6, 1155), (7, 1159) })
        {
            Function($"0000:3b:00.{function}", "10de:26b9", "nvidia", 50 + function, board: "0000:3b:00.0");
            _files.Put($"sys/bus/pci/devices/0000:3b:00.{function}/nvidia/current_vgpu_type", type);
        }

        Assert.Equal(["nvidia.com/26b9_VGPU_1155 2", "nvidia.com/26b9_VGPU_1159 1"], Offer().Resources.Select(resource => $"{resource.Name} {resource.Units.Length}"));
    }

    [Theory]
    [InlineData("10de:1eb8", "nvidia", "nvidia-222", "GRID T4-1Q", "nvidia.com/GRID_T4-1Q", "MDEV_PCI_RESOURCE_NVIDIA_COM_GRID_T4-1Q")]
    [InlineData("8086:3e9b", "i915", "i915-GVTg_V5_4", null, "intel.com/i915-GVTg_V5_4", "MDEV_PCI_RESOURCE_INTEL_COM_I915-GVTG_V5_4")]
    [InlineData("10de:20b5", "nvidia", "nvidia-700", "NVIDIA A100-4C/x", "nvidia.com/NVIDIA_A100-4C_x", "MDEV_PCI_RESOURCE_NVIDIA_COM_NVIDIA_A100-4C_X")]
    public void Mediated_devices_are_offered_by_their_types_and_named_to_the_guest_by_their_UUIDs(string ids, string driver, string type, string? label, string resource, string variable)
    {
        Function("0000:3b:00.0", ids, driver, 17, numa: 1);
        Mediated(First, "0000:3b:00.0", type, label, 60);
        Mediated(Second, "0000:3b:00.0", type, label, 61);

        var offered = Assert.Single(Offer().Resources);

        Assert.Equal((resource, 2, First, (int?)1), (offered.Name, offered.Units.Length, offered.Units[0].Id, offered.Units[0].First.NumaNode));
        var spec = new PassthroughOffers().Allocate(offered, offered.Units);
        Assert.Equal($"{variable}={First},{Second}", Line(spec));
        Assert.Equal(["/dev/vfio/60", "/dev/vfio/61", "/dev/vfio/vfio"], spec.DeviceNodes.Select(node => node.HostPath));
        Assert.Null(ResourceName.Fault(offered.Name));
    }

    [Fact]
    public void Mediated_devices_of_what_is_no_accelerator_and_garbage_are_passed_over()
    {
        Function("0000:05:00.0", "8086:4940", "qat", 5, pciClass: "0x0b4000");
        Function("0000:06:00.0", "8086:1521", "igb", 6, pciClass: "0x020000");
        Function("0000:07:00.0", "ffff:1521", "mtty", 7);
        Mediated(First, "0000:06:00.0", "igb-1", null, 60);
        Mediated(Second, "0000:07:00.0", "mtty-2", null, 61);
        Mediated("not-a-uuid", "0000:05:00.0", "x", null, 62);
        _files.Put("sys/bus/mdev/devices/5d0f8a4e-7b9f-4f6d-9a34-111111111111/garbage", "");
        Mediated("5d0f8a4e-7b9f-4f6d-9a34-222222222222", "0000:05:00.0", "\u65e5", "\u65e5\u672c", 63); // nothing of it that a name may have

        Assert.Empty(Offer().Resources);
    }

    [Fact]
    public void They_come_and_go_while_the_node_runs()
    {
        Function("0000:3b:00.0", "10de:1eb8", "nvidia", 17);
        Assert.Empty(Offer().Resources);

        Mediated(First, "0000:3b:00.0", "nvidia-222", "GRID T4-1Q", 60);
        Assert.Single(Assert.Single(Offer().Resources).Units);

        _files.Remove($"sys/bus/mdev/devices/{First}");
        _files.Remove($"sys/bus/pci/devices/0000:3b:00.0/{First}");
        Assert.Empty(Offer().Resources);
    }

    [Fact]
    public void What_is_wrong_with_a_board_is_wrong_with_what_was_made_of_it_until_it_is_well()
    {
        var board = new Device { Id = "GPU-7", Vendor = "nvidia", Model = "T4", ResourceName = "nvidia.com/gpu", PciAddress = "0000:3b:00.0" };
        _inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, Devices = [board, board with { Id = "GPU-8", PciAddress = "0000:5e:00.0" }] });
        Function("0000:3b:00.0", "10de:1eb8", "nvidia", 17);
        Function("0000:3b:00.4", "10de:1eb8", "nvidia", 18, board: "0000:3b:00.0");
        Function("0000:5e:00.0", "10de:1eb8", "nvidia", 19);
        Mediated(First, "0000:3b:00.4", "nvidia-222", "GRID T4-1Q", 60); // on a function of the board
        Mediated(Second, "0000:5e:00.0", "nvidia-222", "GRID T4-1Q", 61);
        var units = Assert.Single(Offer().Resources).Units;
        using var health = new HealthBoard(new ManualTime(), "boot", []);

        health.Report(new ProblemReport
        {
            Id = "nvidia.xid.79",
            Subject = Subject.Device("GPU-7"),
            Severity = Severity.Fatal,
            Cause = Cause.Hardware,
            Action = SuggestedAction.Reboot,
            Clearing = Clearing.OnHealthyReading,
            Message = "It is gone.",
            Evidence = "Xid 79",
            At = DateTimeOffset.UnixEpoch,
        });
        Assert.Equal([false, true], units.Select(unit => health.Devices.Value.IsHealthy(unit)));

        health.ReportHealthy("nvidia.xid.79", Subject.Device("GPU-7"), "it answers");
        Assert.All(units, unit => Assert.True(health.Devices.Value.IsHealthy(unit)));
    }

    private Offer Offer()
    {
        _worker.Refresh();
        return new PassthroughOffers().Decide(_inventory.Current.Value.Vendors.Single(vendor => vendor.Vendor == "passthrough"));
    }

    private static string Line(AllocationSpec spec) => string.Join(' ', spec.Environment.Select(entry => $"{entry.Key}={entry.Value}"));

    private static string Folder(string address) => $"sys/devices/pci0000:00/{address}";

    private void Function(string address, string ids, string driver, int group, string? board = null, int numa = -1, string pciClass = "0x030200")
    {
        var folder = Folder(address);
        _files.Put($"{folder}/vendor", $"0x{ids[..4]}");
        _files.Put($"{folder}/device", $"0x{ids[5..]}");
        _files.Put($"{folder}/class", pciClass);
        _files.Put($"{folder}/numa_node", numa);
        _files.Link($"{folder}/driver", $"../../../bus/pci/drivers/{driver}");
        _files.Link($"{folder}/iommu_group", $"../../../kernel/iommu_groups/{group}");
        _files.Put($"sys/kernel/iommu_groups/{group}/devices/{address}", "");
        _files.Link($"sys/bus/pci/devices/{address}", $"../../../devices/pci0000:00/{address}");
        if (board is not null)
            _files.Link($"{folder}/physfn", $"../{board}");
    }

    private void Mediated(string name, string parent, string type, string? label, int group)
    {
        var own = $"{Folder(parent)}/{name}";
        _files.Put($"{Folder(parent)}/mdev_supported_types/{type}/available_instances", 3);
        if (label is not null)
            _files.Put($"{Folder(parent)}/mdev_supported_types/{type}/name", label);
        Directory.CreateDirectory(_files.Here(own));
        _files.Link($"{own}/mdev_type", $"../mdev_supported_types/{type}");
        _files.Link($"{own}/iommu_group", $"../../../../kernel/iommu_groups/{group}");
        _files.Put($"sys/kernel/iommu_groups/{group}/devices/{name}", "");
        _files.Link($"sys/bus/mdev/devices/{name}", $"../../../devices/pci0000:00/{parent}/{name}");
    }
}
