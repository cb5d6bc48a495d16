using AIInfra.Core.Devices;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;
using AIInfra.Vendors.Amd;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Remediation;

/// <summary>What is reset together, and by what.</summary>
public sealed class ResetPlanTests : IDisposable
{
    private readonly DirectoryInfo _sys = Directory.CreateTempSubdirectory("sys-");

    public void Dispose() => _sys.Delete(recursive: true);

    private static VendorInventory Boards(string vendor, IEnumerable<Device> devices, string? compute = null) => TestGpus.Inventory([.. devices.Select((device, index) => device with
    {
        Vendor = vendor, PciAddress = $"0000:{index / 2:x2}:0{index % 2}.0",
        Traits = compute is null ? device.Traits : device.Traits.SetItem("compute", compute),
    })], vendor);

    private static string[] Ids(ResetPlan plan) => [.. plan.Group.Select(device => device.Id)];

    [Theory]
    [InlineData("9.0", 1)]
    [InlineData("8.0", 1)]
    [InlineData("7.0", 8)]
    [InlineData(null, 8)] // not known: as the older ones
    public void Gpus_are_reset_singly_from_ampere_on_and_with_all_peers_before(string? compute, int together)
    {
        var inventory = Boards("nvidia", TestGpus.Switched(8), compute);

        var plan = new NvidiaResets().Plan(inventory.Devices[3], inventory);

        Assert.Equal(together, plan.Group.Length);
        Assert.Contains(TestGpus.Id(3), Ids(plan));
        Assert.Equal(["--gpu-reset", "-i", string.Join(',', Ids(plan))], Assert.IsType<CommandMove>(Assert.Single(plan.Moves)).Arguments);
    }

    [Fact]
    public void A_gpu_that_is_divided_is_not_reset()
    {
        var inventory = Boards("nvidia", [.. TestGpus.Switched(1), .. TestGpus.Partitions(1, 2)], "9.0");

        Assert.Contains("MIG", new NvidiaResets().Plan(inventory.Devices[0], inventory).WhyNot, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hive_is_one_group_and_its_neighbour_another()
    {
        var inventory = Boards("amd", TestGpus.Islands(8, 4));

        var plan = new AmdResets().Plan(inventory.Devices[5], inventory);

        Assert.Equal([TestGpus.Id(4), TestGpus.Id(5), TestGpus.Id(6), TestGpus.Id(7)], Ids(plan));
        Assert.Equal(["reset", "--gpureset", "--gpu", inventory.Devices[5].PciAddress!], Assert.IsType<CommandMove>(Assert.Single(plan.Moves)).Arguments);
    }

    [Fact]
    public void A_link_that_only_one_end_tells_of_joins_the_two_and_all_behind_them()
    {
        var inventory = Boards("amd", TestGpus.Islands(8, 4).Select((device, index) => device with
        {
            Links = index switch // a chain 0 -> 1 -> 2, 3 -> 2, told by one end each
            {
                0 => [new DeviceLink(TestGpus.Id(1), LinkKind.Direct, 1)],
                1 or 3 => [new DeviceLink(TestGpus.Id(2), LinkKind.Direct, 1), new DeviceLink(TestGpus.Id(7), LinkKind.System, 0)],
                _ => [],
            },
        }));
        string[] chain = [TestGpus.Id(0), TestGpus.Id(1), TestGpus.Id(2), TestGpus.Id(3)];

        Assert.All(inventory.Devices[..4], device => Assert.Equal(chain, ResetPlan.LinkedWith(device, inventory).Select(one => one.Id)));
        Assert.Equal([TestGpus.Id(7)], ResetPlan.LinkedWith(inventory.Devices[7], inventory).Select(one => one.Id));
    }

    [Fact]
    public void An_Intel_gpu_is_reset_by_the_kernel_and_one_that_is_divided_is_not()
    {
        var inventory = Boards("intel", TestGpus.Switched(2));
        var resets = new AIInfra.Vendors.Intel.IntelResets(new AIInfra.Core.Hosting.HostPaths { Root = _sys.FullName });

        var plan = resets.Plan(inventory.Devices[1], inventory);

        Assert.Equal([TestGpus.Id(1)], Ids(plan));
        Assert.Equal(new WriteMove($"bus/pci/devices/{inventory.Devices[1].PciAddress}/reset", "1"), Assert.Single(plan.Moves));
        var divided = TestGpus.Inventory([.. inventory.Devices, .. TestGpus.Partitions(1, 2)], "intel");
        Assert.Contains("divided", resets.Plan(divided.Devices[0], divided).WhyNot, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("flr bus\n", 1)]
    [InlineData("bus\n", 2)]
    [InlineData(null, 1)]
    public void A_reset_of_the_bus_takes_the_siblings_along(string? method, int together)
    {
        var inventory = Boards("acme", TestGpus.Switched(4));
        var folder = Directory.CreateDirectory(Path.Combine(_sys.FullName, "bus/pci/devices/0000:00:01.0"));
        if (method is not null)
            File.WriteAllText(Path.Combine(folder.FullName, "reset_method"), method);

        var plan = PciResets.Reset(inventory.Devices[1], inventory, _sys.FullName);

        Assert.Equal(together, plan.Group.Length);
        Assert.Equal(new WriteMove("bus/pci/devices/0000:00:01.0/reset", "1"), Assert.Single(plan.Moves));
    }

    [Fact]
    public void A_driver_is_unloaded_in_the_policys_order_and_loaded_in_the_other()
    {
        var inventory = Boards("nvidia", TestGpus.Switched(2));

        var plan = ReloadDriver.Plan(inventory, ["nvidia_uvm", "nvidia"], []);

        Assert.Equal(["-r nvidia_uvm nvidia", "nvidia", "nvidia_uvm"], plan.Moves.Cast<CommandMove>().Select(move => string.Join(' ', move.Arguments)));
        Assert.Equal(2, plan.Group.Length);
    }

    [Theory]
    [InlineData("nvidia", true)]
    [InlineData("-f", false)]
    [InlineData("../x", false)]
    [InlineData("", false)]
    public void Names_of_modules_are_checked(string module, bool isGood) => Assert.Equal(isGood, ReloadDriver.Refuse([module]) is null);
}
