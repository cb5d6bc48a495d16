using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Intel;
using AIInfra.Vendors.Simulation;

namespace AIInfra.UnitTests.VendorFiles;

public sealed class IntelDriverTests
{
    [Fact]
    public async Task A_GPU_of_i915_tells_what_it_is_and_its_tiles_what_is_theirs()
    {
        using var rig = new VendorRig("intel", "max1550-4");
        await rig.RoundAsync();

        var gpu = rig.Whole[2];
        Assert.Equal(("Intel Data Center GPU Max 1550", 128L << 30, "card102", "gpu.intel.com/i915"), (gpu.Model, gpu.MemoryBytes, gpu.NodeName, gpu.ResourceName));
        Assert.Equal(["dri/renderD230", "dri/card102"], gpu.DeviceNodes);
        Assert.Equal(("0bd5", "0380", "2"), (gpu.Traits[IntelTraits.DeviceId], gpu.Traits[IntelTraits.Class], gpu.Traits[IntelTraits.Tiles]));
        Assert.Equal("backported to 5.15", rig.Now.DriverVersion);
        var tiles = rig.Devices.Where(device => device.ParentId == gpu.Id).ToArray();
        Assert.Equal([$"{gpu.Id}/tile0", $"{gpu.Id}/tile1"], tiles.Select(tile => tile.Id));
        Assert.Equal((1.4e9, 1.4e9, 1.3e9), (rig.Reading(gpu, "graphics_clock_hertz").Value, rig.Reading(tiles[0], "graphics_clock_hertz").Value, rig.Reading(tiles[1], "graphics_clock_hertz").Value));
        Assert.Equal(600, rig.Reading(gpu, "power_limit_watts").Value);
        Assert.Equal(LinkKind.SameBoard, gpu.Links.Single(link => link.PeerId == rig.Whole[3].Id).Kind); // two boards a root port
    }

    [Fact]
    public async Task Power_and_wakefulness_come_from_what_grew_since_the_last_round()
    {
        using var rig = new VendorRig("intel", "max1550-1+b60-1");
        await rig.RoundAsync();
        Assert.All(rig.Devices, device => Assert.False(rig.Reading(device, "power_watts").IsPresent));
        rig.Apply(0, "work 3000 2500");
        rig.Apply(1, "work 1500 10000");
        await rig.NextAsync();

        Assert.Equal((300, 0.75), (rig.Reading(rig.Whole[0], "power_watts").Value, rig.Reading(rig.Whole[0], "awake_ratio").Value));
        Assert.Equal((150, 0), (rig.Reading(rig.Whole[1], "power_watts").Value, rig.Reading(rig.Whole[1], "awake_ratio").Value));

        rig.Apply(0, "reset"); // the counter is set back: nothing can be said of this round
        await rig.NextAsync();
        Assert.False(rig.Reading(rig.Whole[0], "power_watts").IsPresent);
        await rig.NextAsync();
        Assert.Equal(0, rig.Reading(rig.Whole[0], "power_watts").Value);
    }

    [Fact]
    public async Task A_GPU_of_xe_tells_both_temperatures_its_fans_and_its_media_clock()
    {
        using var rig = new VendorRig("intel", "b60-1");
        rig.Apply(0, "throttle thermal 1");
        await rig.RoundAsync();

        var gpu = Assert.Single(rig.Devices);
        double Of(string field) => rig.Reading(gpu, field) is { IsPresent: true } reading ? reading.Value : double.NaN;
        Assert.Equal(("Intel Arc Pro B60", 24L << 30), (gpu.Model, gpu.MemoryBytes));
        Assert.Equal((52, 58, 2100, 115), (Of("temperature_celsius"), Of("memory_temperature_celsius"), Of("fan_rpm"), Of("temperature_shutdown_celsius")));
        Assert.Equal((1.4e9, 1.3e9, 1.6e9), (Of("graphics_clock_hertz"), Of("video_clock_hertz"), Of("graphics_clock_max_hertz")));
        Assert.Equal((1, 0, 5.0, 2.5), (Of("throttled_thermal"), Of("throttled_power"), Of("energy_joules_total"), Of("package_energy_joules_total")));
        Assert.Equal(double.NaN, Of("errors_fatal_total")); // xe counts them elsewhere: absent, not zero
    }

    [Theory]
    [InlineData("fatal_array_bist", "errors_fatal_total")]
    [InlineData("sgunit_fatal", "errors_fatal_total")]
    [InlineData("sgunit_nonfatal", "errors_nonfatal_total")]
    [InlineData("correctable_eu_grf", "errors_corrected_total")]
    [InlineData("uncorrectable_l3", "errors_fatal_total")]
    [InlineData("driver_object_migration", "errors_driver_total")]
    [InlineData("engine_reset", "engine_resets_total")]
    [InlineData("eu_attention", null)]
    public void A_files_name_tells_the_kind_of_its_errors(string file, string? field) => Assert.Equal(field, IntelErrors.FieldOf(file));

    [Fact]
    public async Task Errors_from_before_the_agent_are_worth_an_alert_and_corrected_ones_not_even_that()
    {
        using var rig = new VendorRig("intel", "max1550-2");
        rig.Apply(0, "error sgunit_fatal 2");
        rig.Apply(1, "error correctable_l3_sng 70");
        await rig.RoundAsync();

        var problem = Assert.Single(rig.Health.Current.Value.Problems);
        Assert.Equal((IntelRules.FatalErrorId, Severity.Degraded), (problem.Id, problem.Severity));
        Assert.True(rig.IsHealthy(rig.Whole[0]));
        Assert.Equal(70, rig.Reading(rig.Whole[1], "errors_corrected_total").Value);
    }

    [Fact]
    public async Task Heat_ends_five_degrees_below_the_limit()
    {
        using var rig = new VendorRig("intel", "b60-2", intel: new IntelOptions { TemperatureLimit = 80 });
        rig.Apply(0, "temperature 81");
        await rig.RoundAsync();
        Assert.Equal([IntelRules.HeatId], rig.Problems(rig.Whole[0]));
        rig.Apply(0, "temperature 78");
        await rig.NextAsync();
        Assert.False(rig.IsHealthy(rig.Whole[0]));
        rig.Apply(0, "temperature 75");
        await rig.NextAsync();

        Assert.True(rig.IsHealthy(rig.Whole[0]));
    }

    [Fact]
    public async Task A_GPU_that_asks_for_its_firmware_is_out_until_it_no_longer_does()
    {
        using var rig = new VendorRig("intel", "b60-2");
        await rig.RoundAsync();
        rig.Apply(1, "survivability on");
        await rig.NextAsync();
        Assert.Equal([IntelRules.SurvivabilityId], rig.Problems(rig.Whole[1]));

        rig.Apply(1, "survivability off");
        await rig.NextAsync();
        Assert.Empty(rig.Health.Current.Value.Problems);
    }

    [Fact]
    public async Task A_GPU_that_is_divided_into_virtual_functions_is_watched_and_not_offered()
    {
        using var rig = new VendorRig("intel", "b60-2", intel: new IntelOptions { Monitoring = IntelMonitoring.Together });
        rig.Apply(0, "vfs 4");
        await rig.RoundAsync();

        Assert.Equal(["gpu.intel.com/monitoring", "gpu.intel.com/xe"], rig.Offer.Resources.Select(resource => resource.Name));
        Assert.Equal([rig.Whole[1].Id], rig.Offer.Find("gpu.intel.com/xe")!.Units.Select(unit => unit.Id));
        Assert.Equal(2, rig.Offer.Find("gpu.intel.com/monitoring")!.Units.Single().Devices.Length);

        rig.Apply(0, "vfs 0");
        await rig.NextAsync();
        Assert.Equal(2, rig.Offer.Find("gpu.intel.com/xe")!.Units.Length);
    }

    [Fact]
    public async Task Watchers_have_every_GPU_of_a_driver_or_of_both()
    {
        using var rig = new VendorRig("intel", "max1550-2+b60-1", intel: new IntelOptions { Monitoring = IntelMonitoring.ByDriver });
        await rig.RoundAsync();

        Assert.Equal(["gpu.intel.com/i915", "gpu.intel.com/i915_monitoring", "gpu.intel.com/xe", "gpu.intel.com/xe_monitoring"], rig.Offer.Resources.Select(resource => resource.Name));
        var watched = rig.Offer.Find("gpu.intel.com/i915_monitoring")!;
        Assert.Equal(["/dev/dri/renderD228", "/dev/dri/card100", "/dev/dri/renderD229", "/dev/dri/card101"], rig.Allocator.Allocate(watched, watched.Units).DeviceNodes.Select(node => node.HostPath));
        Assert.Empty(rig.Offer.Faults);
    }

    [Theory]
    [InlineData(SharedPlacement.InOrder, "0 0 0")]
    [InlineData(SharedPlacement.Distributed, "0 1 2")]
    [InlineData(SharedPlacement.Packed, "0 0 0")]
    public async Task A_GPU_is_given_to_several_containers_by_the_policy(SharedPlacement policy, string expected)
    {
        using var rig = new VendorRig("intel", "max1550-4", intel: new IntelOptions { SharedDevNum = 3, Placement = policy });
        await rig.RoundAsync();

        var resource = Assert.Single(rig.Offer.Resources);
        Assert.Equal((12, $"{rig.Whole[0].Id}::0"), (resource.Units.Length, resource.Units[0].Id));
        var chosen = new Placement(new UnitTopology(resource.Units), resource.Placement, NicNearness.None).Choose(resource.Units.Select(unit => unit.Id), [], 3);
        Assert.Equal(expected, string.Join(' ', chosen.Select(id => resource.Units.Single(unit => unit.Id == id).First.Index)));
        Assert.Equal(2, rig.Allocator.Allocate(resource, [.. resource.Units.Take(3)]).DeviceNodes.Length); // one GPU's nodes, once
    }

    [Theory]
    [InlineData(SharedPlacement.InOrder, "1::1 2::0")] // the first that is free
    [InlineData(SharedPlacement.Packed, "1::1 2::0")] // the one in use first
    [InlineData(SharedPlacement.Distributed, "2::0 3::0")] // those that nobody uses
    public async Task What_is_in_use_decides_by_the_policy(SharedPlacement policy, string expected)
    {
        using var rig = new VendorRig("intel", "max1550-4", intel: new IntelOptions { SharedDevNum = 2, Placement = policy });
        await rig.RoundAsync();

        var resource = rig.Offer.Resources.Single();
        string[] taken = [$"{rig.Whole[0].Id}::0", $"{rig.Whole[0].Id}::1", $"{rig.Whole[1].Id}::0"];
        var chosen = new Placement(new UnitTopology(resource.Units), resource.Placement, NicNearness.None).Choose(resource.Units.Select(unit => unit.Id).Except(taken), [], 2);
        Assert.Equal(expected, string.Join(' ', chosen.Select(id => resource.Units.Single(unit => unit.Id == id)).Select(unit => $"{unit.First.Index}::{unit.Replica}")));
    }

    [Theory]
    [InlineData(IntelByPath.None, "")]
    [InlineData(IntelByPath.Folder, "/dev/dri/by-path")]
    [InlineData(IntelByPath.Own, "/dev/dri/by-path/pci-0000:11:00.0-card /dev/dri/by-path/pci-0000:11:00.0-render")]
    public async Task Links_by_path_are_mounted_as_asked(IntelByPath links, string mounts)
    {
        using var rig = new VendorRig("intel", "b60-2", intel: new IntelOptions { ByPath = links });
        await rig.RoundAsync();

        var spec = rig.Allocator.Allocate(rig.Offer.Resources[0], [rig.Offer.Resources[0].Units[1]]);
        Assert.Equal(mounts, string.Join(' ', spec.Mounts.Select(mount => mount.HostPath)));
        Assert.All(spec.Mounts, mount => Assert.True(mount.IsReadOnly && mount.HostPath == mount.ContainerPath && Path.Exists(rig.Host.Root + mount.HostPath)));
        Assert.All(spec.DeviceNodes, node => Assert.Equal("rw", node.Permissions));
    }

    [Theory]
    [InlineData("0bd5", "", "gpu.intel.com/i915")]
    [InlineData("", "0bd5", "gpu.intel.com/xe")]
    [InlineData("ffff", "", "")]
    public async Task Ids_choose_what_is_offered(string allow, string deny, string resources)
    {
        using var rig = new VendorRig("intel", "max1550-1+b60-1", intel: new IntelOptions { AllowIds = [.. allow.Split(' ', StringSplitOptions.RemoveEmptyEntries)], DenyIds = [.. deny.Split(' ', StringSplitOptions.RemoveEmptyEntries)] });
        await rig.RoundAsync();

        Assert.Equal(resources, string.Join(' ', rig.Offer.Resources.Select(resource => resource.Name)));
    }

    [Theory]
    [InlineData("0bd5", "0bd5")]
    [InlineData("0x56C0", "56c0")]
    [InlineData("bd5", null)]
    [InlineData("0xbeefs", null)]
    public void An_id_is_four_hexadecimal_digits(string text, string? id) => Assert.Equal(id, IntelOptions.ParseId(text));

    [Fact]
    public async Task Labels_are_those_of_the_makers_rules()
    {
        using var rig = new VendorRig("intel", "max1550-4+b60-1");
        await rig.RoundAsync();

        var labels = new IntelLabels().Make(rig.Now);
        Assert.Equal(
        [
            "gpu.intel.com/device-id.0300-e211.count=1", "gpu.intel.com/device-id.0300-e211.present=true", "gpu.intel.com/device-id.0380-0bd5.count=4", "gpu.intel.com/device-id.0380-0bd5.present=true",
            "gpu.intel.com/family=Max_Series", "gpu.intel.com/product=Max_1550",
        ], labels.Select(label => $"{label.Key}={label.Value}"));
        Assert.Empty(new IntelLabels().Make(new VendorInventory { Vendor = "intel", State = VendorState.Absent }));
    }

    /// <summary>A board's GPU sits behind a switch of the board, and its own link says nothing.</summary>
    [Fact]
    public async Task The_link_is_that_of_the_boards_uppermost_port()
    {
        using var rig = new VendorRig("intel", "");
        var (root, port) = ("sys/devices/pci0000:40/0000:40:01.0", "sys/devices/pci0000:40/0000:40:01.0/0000:41:00.0");
        foreach (var (folder, pciClass, width) in new[] { (root, "0x060400", 4), (port, "0x060400", 16), ($"{port}/0000:42:01.0", "0x060400", 1), ($"{port}/0000:42:01.0/0000:43:00.0", "0x030000", 1) })
        {
            rig.Files.Put($"{folder}/vendor", "0x8086");
            rig.Files.Put($"{folder}/class", pciClass);
            rig.Files.Put($"{folder}/current_link_width", width);
            rig.Files.Put($"{folder}/current_link_speed", "16.0 GT/s PCIe");
            rig.Files.Link($"sys/bus/pci/devices/{Path.GetFileName(folder)}", $"../../../{folder["sys/".Length..]}");
        }
        var gpu = $"{port}/0000:42:01.0/0000:43:00.0";
        rig.Files.Put($"{gpu}/device", "0x56c0");
        rig.Files.Put($"{gpu}/drm/card0/gt_act_freq_mhz", 900); // of an old kernel
        rig.Files.Put($"{gpu}/drm/renderD128/dev", "226:128");
        rig.Files.Link("sys/bus/pci/drivers/i915/0000:43:00.0", $"../../../../{gpu["sys/".Length..]}");
        rig.Files.Link($"{gpu}/driver", "../../../../../../bus/pci/drivers/i915");
        await rig.RoundAsync();

        Assert.Equal((16, 16, 0.9e9), (rig.Reading(rig.Devices[0], "pcie_link_width").Value, rig.Reading(rig.Devices[0], "pcie_link_speed_gigatransfers").Value, rig.Reading(rig.Devices[0], "graphics_clock_hertz").Value));
        Assert.Equal("Intel Data Center GPU Flex 170", rig.Devices[0].Model);
    }

    [Fact]
    public void Every_simulated_command_is_understood()
    {
        using var rig = new VendorRig("intel", "max1550-1+b60-1");

        Assert.All(new[] { "error engine_reset 1", "work 1 1", "throttle pl1 1", "vfs 2", "reset" }, command => Assert.True(rig.Boards[0].Apply(command.Split(' ')), command));
        Assert.False(rig.Boards[1].Apply(["error", "fatal_guc", "1"])); // xe has no such file
        Assert.False(rig.Boards[0].Apply(["error", "nonsense", "1"]));
        Assert.IsType<SimulatedIntelGpu>(rig.Boards[0]);
    }
}
