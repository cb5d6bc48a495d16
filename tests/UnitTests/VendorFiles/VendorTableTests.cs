using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Simulation;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>What holds for every vendor without library: one row a vendor. (The same of NVIDIA's library is asked in the functional tests of the vendor host.)</summary>
public sealed class VendorTableTests
{
    /// <summary>Of one vendor: what its tests have in common with the others'.</summary>
    /// <param name="Kind">Of simulated boards.</param>
    /// <param name="Fault">A command that makes a board unhealthy.</param>
    /// <param name="Problem">The problem that it raises.</param>
    /// <param name="Cure">A command that ends it.</param>
    /// <param name="File">One file of board 1 that is read every round, below the host's root; {a} is its address.</param>
    /// <param name="Field">A reading of every board, and its value.</param>
    public sealed record Row(string Vendor, string Kind, string Resource, string Fault, string Problem, string Cure, string File, string Field, double Value)
    {
        public override string ToString() => $"{Vendor} {Kind}";
    }

    public static TheoryData<Row> Vendors => new(
        new Row("rdma", "ib-hdr", "rdma/hca", "down", "rdma.link-down", "up", "sys/class/infiniband/mlx5_1/ports/1/state", "rate_bytes_per_second", 25e9),
        new Row("rdma", "roce", "rdma/hca", "down", "rdma.link-down", "up", "sys/class/infiniband/mlx5_1/ports/1/rate", "rate_bytes_per_second", 12.5e9),
        new Row("amd", "mi300x", "amd.com/gpu", "ecc uncorrected umc 1", "amd.ras.ue", "reset", "sys/bus/pci/devices/{a}/gpu_busy_percent", "utilization_ratio", 0.37),
        new Row("intel", "max1550", "gpu.intel.com/i915", "error fatal_guc 1", "intel.error-fatal", "reset", "sys/bus/pci/devices/{a}/drm/card101/gt/gt0/rps_act_freq_mhz", "graphics_clock_hertz", 1.4e9),
        new Row("intel", "b60", "gpu.intel.com/xe", "temperature 104", "intel.over-temperature", "temperature 70", "sys/bus/pci/devices/{a}/hwmon/hwmon201/temp2_input", "temperature_celsius", 52),
        new Row("generic", "edgetpu", "google.com/edgetpu", "unhealthy", "generic.unhealthy", "healthy", "sys/class/apex/apex_1/status", "temperature_celsius", 41),
        new Row("generic", "gaudi", "habana.ai/gaudi", "unhealthy", "generic.unhealthy", "healthy", "sys/bus/pci/devices/{a}/status", "failed_check", 0));

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_node_without_devices_is_quiet(Row row)
    {
        using var rig = new VendorRig(row.Vendor, "");

        Assert.False(await rig.RoundAsync());
        Assert.Equal(VendorState.Absent, rig.Now.State);
        Assert.Empty(rig.Health.Current.Value.Problems);
        Assert.Empty(rig.Offer.Resources);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Any_number_of_devices_is_listed_with_ids_that_stay_and_offered(Row row)
    {
        foreach (var count in new[] { 1, 16, 64 })
        {
            using var rig = new VendorRig(row.Vendor, $"{row.Kind}-{count}");
            Assert.True(await rig.RoundAsync());
            var first = rig.Whole;
            using var again = new VendorRig(row.Vendor, $"{row.Kind}-{count}");
            await again.RoundAsync();

            Assert.Equal(count, first.Length);
            Assert.True(rig.Now.IsSimulated);
            Assert.Equal(first.Select(device => device.Id), again.Whole.Select(device => device.Id));
            Assert.Equal(count, first.DistinctBy(device => device.Id).Count());
            Assert.Equal(rig.Boards.Select(board => board.Address), first.Select(device => device.PciAddress));
            Assert.All(first, device => Assert.Equal(row.Value, rig.Reading(device, row.Field).Value, 1e-6));
            Assert.All(first, device => Assert.True(rig.IsHealthy(device)));
            var resource = Assert.Single(rig.Offer.Resources);
            Assert.Equal((row.Resource, count), (resource.Name, resource.Units.Length));
            Assert.Empty(rig.Offer.Faults);
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_container_gets_the_nodes_of_its_devices_and_of_no_others_and_all_are_there(Row row)
    {
        using var rig = new VendorRig(row.Vendor, $"{row.Kind}-4");
        await rig.RoundAsync();
        var resource = rig.Offer.Resources.Single();

        var one = rig.Allocator.Allocate(resource, [resource.Units[1]]).DeviceNodes.Select(node => node.HostPath).ToArray();
        var all = rig.Allocator.Allocate(resource, resource.Units).DeviceNodes;

        Assert.All(all, node => Assert.True(File.Exists(rig.Host.Root + node.HostPath), node.HostPath));
        Assert.All(all, node => Assert.Equal(node.HostPath, node.ContainerPath));
        Assert.Equal(all.Length, all.DistinctBy(node => node.HostPath).Count());
        foreach (var other in rig.Whole.Where((_, index) => index != 1))
            Assert.DoesNotContain($"/dev/{other.DeviceNodes[0]}", one);
        Assert.Contains($"/dev/{rig.Whole[1].DeviceNodes[0]}", one);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_fault_takes_its_device_out_and_the_cure_brings_it_back(Row row)
    {
        using var rig = new VendorRig(row.Vendor, $"{row.Kind}-4");
        await rig.RoundAsync();
        rig.Apply(1, row.Fault);
        await rig.NextAsync();

        Assert.Equal([true, false, true, true], rig.Whole.Select(rig.IsHealthy));
        Assert.Equal([row.Problem], rig.Problems(rig.Whole[1]));
        await rig.NextAsync();
        Assert.Equal(1, rig.Health.Current.Value.Problems.Single().Count);

        rig.Apply(1, row.Cure);
        await rig.NextAsync();

        Assert.All(rig.Whole, device => Assert.True(rig.IsHealthy(device)));
        Assert.Empty(rig.Health.Current.Value.Problems);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_board_that_is_taken_out_stays_listed_unhealthy_until_it_is_back(Row row)
    {
        using var rig = new VendorRig(row.Vendor, $"{row.Kind}-4");
        await rig.RoundAsync();
        rig.Apply(1, "remove");
        await rig.NextAsync();

        Assert.Equal(4, rig.Whole.Length);
        Assert.Equal([true, false, true, true], rig.Whole.Select(rig.IsHealthy));
        Assert.Contains("vendor.device-gone", rig.Problems(rig.Whole[1]));
        Assert.Null(rig.Samples.Current.Value.Vendors.Single().Find(rig.Whole[1].Id));

        rig.Apply(1, "add");
        await rig.NextAsync();

        Assert.All(rig.Whole, device => Assert.True(rig.IsHealthy(device)));
        Assert.Equal(row.Value, rig.Reading(rig.Whole[1], row.Field).Value, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_file_that_hangs_costs_its_own_device_only_and_only_as_long_as_it_hangs(Row row)
    {
        using var rig = new VendorRig(row.Vendor, $"{row.Kind}-4");
        using (rig.Hang(row.File.Replace("{a}", rig.Boards[1].Address, StringComparison.Ordinal)))
        {
            await rig.HungRoundAsync(row.Vendor == "rdma" ? "mlx5_1" : rig.Boards[1].Address);

            Assert.Equal(3, rig.Answering);
            await rig.NextAsync(); // it is not asked again, so this one is quick
            Assert.Equal(3, rig.Answering);
            Assert.Contains(rig.Health.Current.Value.Problems, problem => problem.Id == "vendor.device-hung");
        }
        for (var tries = 0; tries < 1000 && (rig.Health.Current.Value.Problems.Any() || rig.Answering < 4); tries++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken); // until the thread that waits in the kernel is scheduled
            await rig.NextAsync();
        }

        Assert.Empty(rig.Health.Current.Value.Problems);
        Assert.Equal(4, rig.Answering);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Garbage_in_every_file_of_a_board_leaves_the_others_alone(Row row)
    {
        foreach (var garbage in new[] { "", "\u0001\u00ff\u0000", "N/A (no PMA)", "-1", "99999999999999999999999999", "nan", new string('9', 5000), "a: b: c\n\n\n: :" })
        {
            using var rig = new VendorRig(row.Vendor, $"{row.Kind}-3");
            await rig.RoundAsync();
            var folder = new DirectoryInfo(Path.Combine(rig.Host.Sys, "bus/pci/devices", rig.Boards[1].Address)).ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            foreach (var file in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
                File.WriteAllText(file, garbage);

            for (var round = 0; round < 8; round++)
                await rig.NextAsync();

            Assert.Equal([rig.Boards[0].Address, rig.Boards[2].Address], rig.Whole.Where(device => device.PciAddress != rig.Boards[1].Address && rig.IsHealthy(device)).Select(device => device.PciAddress));
            Assert.All(rig.Samples.Current.Value.Vendors.Single().Devices.SelectMany(device => device.Readings).Where(reading => reading.IsPresent), reading => Assert.True(double.IsFinite(reading.Value)));
            foreach (var resource in rig.Offer.Resources)
                rig.Allocator.Allocate(resource, resource.Units);
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task A_board_without_a_NUMA_node_gives_no_topology(Row row)
    {
        using var rig = new VendorRig(row.Vendor, $"{row.Kind}-2");
        File.WriteAllText(Path.Combine(rig.Host.Sys, "bus/pci/devices", rig.Boards[1].Address, "numa_node"), "-1\n");
        await rig.RoundAsync();

        Assert.Equal([0, null], rig.Whole.Select(device => device.NumaNode));
    }

    [Fact]
    public async Task Every_kind_of_board_that_can_be_simulated_is_found_and_can_be_given()
    {
        foreach (var kind in SimulatedKind.All.Keys)
        {
            using var rig = new VendorRig("generic", $"{kind}-3");
            Assert.True(await rig.RoundAsync(), kind);
            Assert.Equal(3, rig.Devices.Length);
            var resource = Assert.Single(rig.Offer.Resources);
            Assert.Empty(rig.Offer.Faults);
            Assert.All(rig.Allocator.Allocate(resource, resource.Units).DeviceNodes, node => Assert.True(File.Exists(rig.Host.Root + node.HostPath), $"{kind}: {node.HostPath}"));
            Assert.Equal(3, rig.Devices.Select(device => device.DeviceNodes[0]).Distinct().Count());
        }
    }
}
