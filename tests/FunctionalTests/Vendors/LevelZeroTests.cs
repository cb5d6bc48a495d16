using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Intel.LevelZero;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>Level Zero Sysman through the real vendor host, with the simulated loader in it. What fails in it takes no GPU out: they are served by their files.</summary>
public sealed class LevelZeroTests
{
    private const string Node = "node max1550-4\n", Xe = "node b60-4\n";

    private static VendorDefinition Definition => LevelZeroSetup.Definition;

    [Fact]
    public async Task GPUs_are_named_by_their_addresses_and_tell_what_files_do_not()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, $"{Node}intel 1 utilization 40\nintel 1 memory 1024\nintel 1 process 4242 512\n");
        await rig.UntilAsync(() => rig.Whole.All(gpu => rig.Reading(gpu, "utilization_ratio").IsPresent)); // a share of time needs two rounds
        var gpu = rig.Whole[1];

        Assert.Equal(["0000:10:00.0", "0000:11:00.0", "0000:12:00.0", "0000:13:00.0"], rig.Whole.Select(device => device.Id));
        Assert.True(rig.Now.IsSimulated);
        Assert.InRange(rig.Reading(gpu, "utilization_ratio").Value, 0, 1);
        Assert.True(rig.Reading(gpu, "memory_used_bytes").Value >= 1L << 30);
        Assert.True(rig.Reading(gpu, "memory_total_bytes").Value > 100L << 30);
        Assert.Equal(1, rig.Reading(gpu, "memory_health").Value);
        Assert.Equal((3, 0), (rig.Reading(gpu, "xelink_ports_healthy").Value, rig.Reading(gpu, "xelink_ports_failed").Value));
        Assert.Equal((1, 512L << 20), (rig.Reading(gpu, "compute_processes").Value, rig.Reading(gpu, "compute_process_memory_bytes").Value));
        Assert.Equal((0, 0), (rig.Reading(gpu, "wedged").Value, rig.Reading(gpu, "ras_uncorrected_total").Value));
        foreach (var field in new[] { "temperature_celsius", "memory_temperature_celsius", "memory_clock_hertz", "graphics_clock_hertz", "pcie_received_bytes_total", "pcie_link_health", "ecc_enabled", "memory_active_ratio" })
            Assert.True(rig.Reading(gpu, field).IsPresent, field);
        Assert.Empty(rig.Health.Problems);
    }

    [Fact]
    public async Task Tiles_tell_their_own_part_and_links_name_the_GPU_at_the_other_end()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node);
        await rig.UntilAsync(() => rig.Reading(rig.Whole[0], "utilization_ratio").IsPresent);
        var tiles = rig.Now.Devices.Where(device => device.ParentId == "0000:10:00.0").ToArray();

        Assert.Equal(["0000:10:00.0/tile0", "0000:10:00.0/tile1"], tiles.Select(tile => tile.Id));
        Assert.Equal(rig.Reading(rig.Whole[0], "memory_total_bytes").Value, tiles.Sum(tile => rig.Reading(tile, "memory_total_bytes").Value));
        Assert.All(rig.Whole[3].Links, link => Assert.Equal((LinkKind.Direct, 1), (link.Kind, link.Count)));
        Assert.Equal(["0000:10:00.0", "0000:11:00.0", "0000:12:00.0"], rig.Whole[3].Links.Select(link => link.PeerId).Order());
    }

    [Theory]
    [InlineData("wedged", "reset", LevelZeroRules.WedgedId, true)]
    [InlineData("lost", "reset", LevelZeroRules.LostId, true)]
    [InlineData("memory-health critical", "memory-health ok", LevelZeroRules.MemoryId, true)]
    [InlineData("memory-health degraded", "memory-health ok", LevelZeroRules.MemoryId, false)]
    [InlineData("pcie-link stability", "pcie-link good", LevelZeroRules.BusId, false)]
    [InlineData("link 0 down", "link 0 up", LevelZeroRules.LinkId, false)]
    [InlineData("ras uncorrectable cache 2", "reset", LevelZeroRules.ErrorId, true)]
    [InlineData("ras uncorrectable soc 1", "reset", LevelZeroRules.ErrorId, true)]
    [InlineData("repair pending", "reset", LevelZeroRules.RepairId, false)]
    public async Task A_fault_is_told_of_its_GPU_and_ends_with_its_cure(string fault, string cure, string problem, bool takesOut)
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node);
        var gpu = rig.Whole[1];

        rig.Inject($"intel 1 {fault}");
        await rig.UntilAsync(() => rig.Health.Problems.Any(one => one.Id == problem && one.Subject == Subject.Device(gpu.Id)));
        Assert.Equal(!takesOut, rig.Health.IsHealthy(gpu));
        Assert.True(rig.Health.IsHealthy(rig.Whole[2]));

        rig.Inject($"intel 1 {cure}");
        await rig.UntilAsync(() => rig.Health.IsHealthy(gpu) && !rig.Health.Problems.Any(one => one.Subject == Subject.Device(gpu.Id)));
    }

    [Fact]
    public async Task A_program_s_and_the_driver_s_errors_are_counted_and_take_nothing_out()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node);

        rig.Inject("intel 0 ras uncorrectable programming 3");
        rig.Inject("intel 0 ras correctable cache 5");
        await rig.UntilAsync(() => rig.Reading(rig.Whole[0], "cache_errors_corrected_total").Value == 5);

        Assert.Equal(3, rig.Reading(rig.Whole[0], "programming_errors_total").Value);
        Assert.Empty(rig.Health.Problems);
    }

    [Fact]
    public async Task A_call_that_hangs_costs_the_readings_of_its_GPU_and_leaves_it_in_service()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node);
        var (gpu, all) = (rig.Whole[1], rig.Sampled);

        rig.Inject("intel 1 hang");
        await rig.HangAsync();
        await rig.UntilAsync(() => rig.Sampled == all - 3); // with its two tiles

        Assert.All(rig.Whole, device => Assert.True(rig.Health.IsHealthy(device)));
        Assert.Contains(rig.Health.Problems, problem => problem is { Id: "vendor.device-hung", Severity: Severity.Degraded, Subject.Kind: SubjectKind.Unit } && problem.Subject.Id.EndsWith(gpu.Id, StringComparison.Ordinal));

        rig.Inject("intel 1 unhang");
        await rig.UntilAsync(() => rig.Sampled == all && rig.Health.Problems.IsEmpty);
    }

    [Fact]
    public async Task A_crash_is_told_and_outlived_and_takes_no_GPU_out()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node);

        rig.Inject("segv");
        await rig.UntilAsync(() => rig.Health.Problems.Any(problem => problem.Id == "vendor.crashed"));
        Assert.All(rig.Whole, device => Assert.True(rig.Health.IsHealthy(device)));
        await rig.RestartAsync();
    }

    [Theory]
    [InlineData("old", "pcie_link_health"), InlineData("partial", "pcie_link_health")]
    public async Task A_library_with_fewer_functions_tells_what_it_has(string build, string field)
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node, build);

        Assert.Equal((VendorState.Ready, 4), (rig.Now.State, rig.Whole.Length));
        Assert.All(rig.Whole, gpu => Assert.True(rig.Reading(gpu, field).IsPresent));
        Assert.Empty(rig.Health.Problems);
    }

    [Fact]
    public async Task A_library_without_a_driver_below_it_is_quiet()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, Node, "broken");

        Assert.Equal(VendorState.Absent, rig.Now.State);
        Assert.Contains("no driver of Level Zero", rig.Now.Reason, StringComparison.Ordinal);
        Assert.Empty(rig.Health.Problems);
    }

    [Theory]
    [InlineData("lies enum"), InlineData("lies absurd"), InlineData("lies duplicate-uuid"), InlineData("lies empty")]
    public async Task A_GPU_that_lies_leaves_the_others_alone(string command)
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, $"{Node}at 0s intel 2 {command}\n");

        Assert.Equal(3, rig.Whole.Count(gpu => gpu.Id is "0000:10:00.0" or "0000:11:00.0" or "0000:13:00.0" && rig.Reading(gpu, "memory_total_bytes").IsPresent));
        foreach (var field in Definition.Fields.Fields)
            Assert.All(rig.Now.Devices, gpu => Assert.True(rig.Reading(gpu, field.Name) is var reading && (!reading.IsPresent || (double.IsFinite(reading.Value) && reading.Value >= -60)), field.Name));
        Assert.DoesNotContain(rig.Health.Problems, problem => problem.Severity == Severity.Fatal);
    }

    [Theory]
    [InlineData(1), InlineData(16), InlineData(64)]
    public async Task Any_number_of_GPUs_is_served(int count)
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, $"{Xe}intels {count}\n");

        Assert.Equal((VendorState.Ready, count, count), (rig.Now.State, rig.Whole.Length, rig.Sampled));
    }

    [Fact]
    public async Task Both_kernel_drivers_are_served_side_by_side()
    {
        await using var rig = await LibraryVendorRig.StartAsync(Definition, "node bare\nintel add max1550 0000:18:00.0\nintel add b60 0000:3b:00.0\n");

        Assert.Equal(["0000:18:00.0", "0000:3b:00.0"], rig.Whole.Select(gpu => gpu.Id));
        Assert.Equal([2, 0], rig.Whole.Select(gpu => rig.Now.Devices.Count(device => device.ParentId == gpu.Id)));
        Assert.All(rig.Whole, gpu => Assert.True(rig.Reading(gpu, "memory_total_bytes").IsPresent));
    }
}
