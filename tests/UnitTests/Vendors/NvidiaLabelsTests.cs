using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaLabelsTests : IDisposable
{
    private readonly DirectoryInfo _host = Directory.CreateTempSubdirectory("aiinfra-labels-");

    public NvidiaLabelsTests()
    {
        Write("sys/class/dmi/id/product_name", "DGX H100 (rev. 2)\n");
        foreach (var device in NvidiaNode.Of(null, null, null, null).Devices)
            Write($"sys/bus/pci/devices/{device.PciAddress}/class", "0x030200\n");
    }

    public void Dispose() => _host.Delete(recursive: true);

    [Fact]
    public void Whole_GPUs_have_the_labels_of_feature_discovery() => Assert.Equal(
        """
        nvidia.com/cuda.driver-version.full=570.124.06
        nvidia.com/cuda.driver-version.major=570
        nvidia.com/cuda.driver-version.minor=124
        nvidia.com/cuda.driver-version.revision=06
        nvidia.com/cuda.driver.major=570
        nvidia.com/cuda.driver.minor=124
        nvidia.com/cuda.driver.rev=06
        nvidia.com/cuda.runtime-version.full=12.8
        nvidia.com/cuda.runtime-version.major=12
        nvidia.com/cuda.runtime-version.minor=8
        nvidia.com/cuda.runtime.major=12
        nvidia.com/cuda.runtime.minor=8
        nvidia.com/gpu.compute.major=9
        nvidia.com/gpu.compute.minor=0
        nvidia.com/gpu.count=2
        nvidia.com/gpu.family=hopper
        nvidia.com/gpu.machine=DGX-H100-rev.-2
        nvidia.com/gpu.memory=81559
        nvidia.com/gpu.mode=compute
        nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3
        nvidia.com/gpu.replicas=1
        nvidia.com/gpu.sharing-strategy=none
        nvidia.com/mig.capable=true
        nvidia.com/mps.capable=false
        """, Text(Make(new NvidiaOptions(), NvidiaNode.Of(null, null))));

    [Fact]
    public void Sharing_shows_in_product_replicas_and_strategy_and_a_name_of_its_own_leaves_the_product_as_it_is()
    {
        var plan = new SharingPlan { Rules = [new ShareRule("nvidia.com/gpu", 4)] };

        var shared = Make(new NvidiaOptions { Sharing = plan }, NvidiaNode.Of(null, null));
        Assert.Equal(("NVIDIA-H100-80GB-HBM3-SHARED", "2", "4", "time-slicing"), Base(shared, "nvidia.com/gpu"));

        var renamed = Make(new NvidiaOptions { Sharing = plan with { RenamesShared = true } }, NvidiaNode.Of(null, null));
        Assert.Equal(("NVIDIA-H100-80GB-HBM3", "2", "4", "time-slicing"), Base(renamed, "nvidia.com/gpu"));
    }

    [Fact]
    public void Strategy_mixed_labels_each_size_of_partition()
    {
        var plan = new SharingPlan { Rules = [new ShareRule("nvidia.com/mig-1g.10gb.me", 2)] };

        var labels = Make(new NvidiaOptions { Mig = MigStrategy.Mixed, Sharing = plan }, NvidiaNode.Of(null, "1g.10gb,1g.10gb,1g.10gb+me"));

        Assert.Equal("mixed", labels["nvidia.com/mig.strategy"]);
        Assert.Equal(("NVIDIA-H100-80GB-HBM3", "2", "1", "none"), Base(labels, "nvidia.com/gpu"));
        Assert.Equal(("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "2", "1", "none"), Base(labels, "nvidia.com/mig-1g.10gb"));
        Assert.Equal(("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb.me-SHARED", "1", "2", "time-slicing"), Base(labels, "nvidia.com/mig-1g.10gb.me"));
        Assert.Equal(("9856", "16", "1", "1", "1"), (labels["nvidia.com/mig-1g.10gb.memory"], labels["nvidia.com/mig-1g.10gb.multiprocessors"],
            labels["nvidia.com/mig-1g.10gb.slices.gi"], labels["nvidia.com/mig-1g.10gb.slices.ci"], labels["nvidia.com/mig-1g.10gb.engines.copy"]));
    }

    [Fact]
    public void Strategy_single_puts_the_partitions_labels_in_the_GPUs_place()
    {
        var labels = Make(new NvidiaOptions { Mig = MigStrategy.Single }, NvidiaNode.Of("1g.10gb,1g.10gb", "1g.10gb"));

        Assert.Equal("single", labels["nvidia.com/mig.strategy"]);
        Assert.Equal(("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "3", "1", "none"), Base(labels, "nvidia.com/gpu"));
        Assert.Equal(("9856", "16", "hopper"), (labels["nvidia.com/gpu.memory"], labels["nvidia.com/gpu.multiprocessors"], labels["nvidia.com/gpu.family"]));
        Assert.DoesNotContain(labels.Keys, key => key.StartsWith("nvidia.com/mig-", StringComparison.Ordinal));
    }

    [Fact]
    public void Strategy_single_on_boards_without_partitions_is_invalid()
    {
        var labels = Make(new NvidiaOptions { Mig = MigStrategy.Single }, NvidiaNode.Of("", ""));

        Assert.Equal(("NVIDIA-H100-80GB-HBM3-MIG-INVALID", "0", "0", ""), Base(labels, "nvidia.com/gpu"));
        Assert.Equal("0", labels["nvidia.com/gpu.memory"]);
    }

    [Fact]
    public void Divided_boards_are_not_shared_as_a_whole()
    {
        var plan = new SharingPlan { Rules = [new ShareRule("nvidia.com/gpu", 4)] };

        Assert.Equal(("NVIDIA-H100-80GB-HBM3", "1", "0", "none"), Base(Make(new NvidiaOptions { Sharing = plan }, NvidiaNode.Of("1g.10gb")), "nvidia.com/gpu"));
    }

    [Fact]
    public void The_model_that_most_boards_have_is_labelled_and_a_hostile_name_is_made_a_label()
    {
        var node = NvidiaNode.Of(null, null, null);
        var devices = node.Devices.SetItem(0, node.Devices[0] with { Model = "NVIDIA \u001b[2J\"T4\"  \n" + new string('x', 90) });

        Assert.Equal(("NVIDIA-H100-80GB-HBM3", "2"), Two(Make(new NvidiaOptions(), node with { Devices = devices })));
        var hostile = Two(Make(new NvidiaOptions(), node with { Devices = [devices[0]] }));
        Assert.StartsWith("NVIDIA-2JT4-xxx", hostile.Product, StringComparison.Ordinal);
        Assert.Equal(63, hostile.Product.Length);
    }

    [Fact]
    public void What_is_not_known_is_not_told()
    {
        var node = NvidiaNode.Of([null]);
        var bare = node with { DriverVersion = "devel", Devices = [node.Devices[0] with { Traits = ImmutableSortedDictionary<string, string>.Empty, MemoryBytes = null, PciAddress = null }] };

        var labels = Make(new NvidiaOptions { Labels = new NvidiaLabelOptions { MachineTypeFile = "/nowhere" } }, bare);

        Assert.Equal(["gpu.count", "gpu.machine", "gpu.mode", "gpu.product", "gpu.replicas", "gpu.sharing-strategy", "mig.capable", "mps.capable"], labels.Keys.Select(key => key["nvidia.com/".Length..]));
        Assert.Equal(("unknown", "unknown", "false"), (labels["nvidia.com/gpu.machine"], labels["nvidia.com/gpu.mode"], labels["nvidia.com/mig.capable"]));
        Assert.Empty(Make(new NvidiaOptions(), node with { Devices = [] }));
    }

    [Fact]
    public void Boards_of_one_NVLink_domain_name_it_and_of_two_none()
    {
        var node = NvidiaNode.Of(null, null);
        VendorInventory In(params string[] cliques) => node with { Devices = [.. node.Devices.Zip(cliques, (device, clique) => device with { Traits = device.Traits.Add("clique", clique) })] };

        Assert.Equal("7b968a6d-c8aa-45e1-9e07-e1e51be99c31.1", Make(new NvidiaOptions(), In("7b968a6d-c8aa-45e1-9e07-e1e51be99c31.1", "7b968a6d-c8aa-45e1-9e07-e1e51be99c31.1"))["nvidia.com/gpu.clique"]);
        Assert.False(Make(new NvidiaOptions(), In("a.1", "b.1")).ContainsKey("nvidia.com/gpu.clique"));
    }

    [Theory]
    [InlineData(7, 0, "volta")]
    [InlineData(7, 5, "turing")]
    [InlineData(8, 6, "ampere")]
    [InlineData(8, 9, "ada-lovelace")]
    [InlineData(12, 0, "blackwell")]
    [InlineData(99, 0, "undefined")]
    public void The_family_follows_from_the_compute_capability(int major, int minor, string family) => Assert.Equal(family, NvidiaLabels.Family(major, minor));

    private ImmutableSortedDictionary<string, string> Make(NvidiaOptions options, VendorInventory inventory) =>
        new NvidiaLabels(options, new HostPaths { Root = _host.FullName }).Make(inventory);

    private void Write(string path, string text)
    {
        var file = Path.Combine(_host.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    private static string Text(ImmutableSortedDictionary<string, string> labels) => string.Join('\n', labels.Select(label => $"{label.Key}={label.Value}"));

    private static (string Product, string Count, string Replicas, string Strategy) Base(ImmutableSortedDictionary<string, string> labels, string resource) =>
        (labels[resource + ".product"], labels[resource + ".count"], labels[resource + ".replicas"], labels[resource + ".sharing-strategy"]);

    private static (string Product, string Count) Two(ImmutableSortedDictionary<string, string> labels) => (labels["nvidia.com/gpu.product"], labels["nvidia.com/gpu.count"]);
}
