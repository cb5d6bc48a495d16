using AIInfra.Core.Metrics;
using AIInfra.UnitTests.Metrics;
using AIInfra.Vendors.Rdma;
using AIInfra.Vendors.Simulation;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>Names and values of the vendors without library on the metrics page.</summary>
public sealed class FileVendorMetricsTests
{
    [Fact]
    public async Task A_network_card_has_neutral_names_of_a_network_card()
    {
        using var rig = new VendorRig("rdma", "ib-hdr-2");
        rig.Apply(1, "down");
        rig.Apply(1, "count symbol_error 7");
        await rig.RoundAsync();

        var page = rig.Render("neutral");

        Assert.Equal([1, 0], page.Values("hw_network_up", "index").Values);
        Assert.Equal(4_000_000, page.Values("hw_network_io_bytes_total", "index", "network_io_direction")["0 receive"]);
        Assert.Equal(8_000_000, page.Values("hw_network_io_bytes_total", "index", "network_io_direction")["1 transmit"]);
        Assert.Equal(25e9, page.Values("hw_network_bandwidth_limit_bytes_per_second", "index")["0"]);
        Assert.Equal((7, 1), (page.Values("hw_errors_total", "index", "error_category")["1 symbol"], page.Values("hw_errors_total", "index", "error_category")["1 link_downed"]));
        Assert.All(page.Samples.Keys.Where(key => key.Contains("hw_type=", StringComparison.Ordinal)), key => Assert.Equal("network", PageReader.Labels(key)["hw_type"]));
    }

    [Fact]
    public async Task A_network_card_has_node_exporters_names_by_device_and_port()
    {
        using var rig = new VendorRig("rdma", "ib-hdr-2");
        rig.Apply(1, "count out_of_buffer 3");
        await rig.RoundAsync();

        var page = rig.Render("native");

        Assert.Equal(["mlx5_0 1", "mlx5_1 1"], page.Values("node_infiniband_state_id", "device", "port").Keys);
        Assert.Equal(3, page.Values("node_infiniband_out_of_buffer_drops_total", "device")["mlx5_1"]);
        Assert.Equal(0.01, page.Values("node_infiniband_lifespan_seconds", "device")["mlx5_0"]); // node_exporter's whole seconds are 0
        Assert.Contains("node_infiniband_info{device=\"mlx5_0\",board_id=\"MT_0000000224\",firmware_version=\"20.31.1014\",hca_type=\"MT4123\"}", page.Samples.Keys);
        Assert.All(RdmaFields.Counters, counter => Assert.EndsWith(".", counter.Meaning));
    }

    [Fact]
    public async Task Each_port_of_a_card_with_several_has_its_own_series_and_the_card_has_one_info()
    {
        using var rig = new VendorRig("rdma", "");
        new SimulatedNic(rig.Files, 0, 0) { Ports = 2 }.Write();
        await rig.RoundAsync();

        var page = rig.Render("native", "neutral");

        Assert.Equal(["mlx5_0 1", "mlx5_0 2"], page.Values("node_infiniband_port_data_received_bytes_total", "device", "port").Keys);
        Assert.Single(page.Values("node_infiniband_info", "device"));
        Assert.Equal([$"{rig.Whole[0].Id} {rig.Whole[0].Id}/1", $"{rig.Whole[0].Id} {rig.Whole[0].Id}/2"], page.Values("hw_network_up", "hw_parent", "hw_id").Where(sample => sample.Value == 1).Select(sample => sample.Key));
    }

    [Fact]
    public async Task A_GPU_has_neutral_names_and_values_in_base_units()
    {
        using var rig = new VendorRig("amd", "mi300x-2");
        rig.Apply(1, "temperature 91");
        rig.Apply(1, "ecc corrected umc 5");
        await rig.RoundAsync();

        var page = rig.Render("neutral");

        Assert.Equal(91, page.Values("hw_temperature_celsius", "index", "hw_sensor_location")["1 hotspot"]);
        Assert.Equal(100, page.Values("hw_temperature_limit_celsius", "index", "hw_sensor_location")["1 hotspot"]);
        Assert.Equal(0.37, page.Values("hw_gpu_utilization_ratio", "index", "hw_gpu_task")["0 general"], 3);
        Assert.Equal(0.12, page.Values("hw_gpu_memory_controller_utilization_ratio", "index")["0"], 3);
        Assert.Equal(0.25, page.Values("hw_gpu_memory_utilization_ratio", "index")["0"], 3);
        Assert.Equal(310, page.Values("hw_power_watts", "index")["0"], 3);
        Assert.Equal(750, page.Values("hw_power_limit_watts", "index", "limit")["0 enforced"], 3);
        Assert.Equal(2.1e9, page.Values("hw_frequency_hertz", "index", "domain")["0 sm"], 1);
        Assert.Equal(15.259, page.Values("hw_energy_joules_total", "index")["0"], 3);
        Assert.Equal(1 << 20, page.Values("hw_gpu_interconnect_io_bytes_total", "index", "network_io_direction")["0 receive"]);
        Assert.Equal((5, 16), (page.Values("hw_errors_total", "index", "error_category", "error_type")["1 ecc corrected"], page.Values("hw_pcie_link_width", "index")["1"]));
        Assert.Equal(5, page.Values("hw_pcie_link_generation", "index")["1"]);
    }

    [Fact]
    public async Task A_GPU_has_its_makers_names_and_units()
    {
        using var rig = new VendorRig("amd", "mi300x-2");
        await rig.RoundAsync();
        rig.Apply(1, "temperature 91");
        rig.Apply(1, "ecc uncorrected umc 2");
        await rig.NextAsync();

        var page = rig.Render("native");

        Assert.Equal([48, 91], page.Values("gpu_junction_temperature", "gpu_id").Values);
        Assert.Equal((37, 12), (page.Values("gpu_gfx_activity", "gpu_id")["0"], page.Values("gpu_umc_activity", "gpu_id")["0"]));
        Assert.Equal((196_608, 49_152, 147_456), (page.Values("gpu_total_vram", "gpu_id")["0"], page.Values("gpu_used_vram", "gpu_id")["0"], page.Values("gpu_free_vram", "gpu_id")["0"]));
        Assert.Equal((2, 2), (page.Values("gpu_ecc_uncorrect_total", "gpu_id")["1"], page.Values("gpu_ecc_uncorrect_umc", "gpu_id")["1"]));
        Assert.Equal((2100, 1300), (page.Values("gpu_clock", "gpu_id", "clock_type")["0 system"], page.Values("gpu_clock", "gpu_id", "clock_type")["0 memory"]));
        Assert.Equal((32, 15_259_000), (page.Values("pcie_speed", "gpu_id")["0"], page.Values("gpu_energy_consumed", "gpu_id")["0"]));
        Assert.Equal([1, 0], page.Values("gpu_health", "gpu_id").Values); // an uncorrected error takes it away
        Assert.Equal(["SIM000000 AMD Instinct MI300X OAM node-1 0 spx nps1", "SIM000001 AMD Instinct MI300X OAM node-1 0 spx nps1"],
            page.Values("gpu_power_usage", "serial_number", "card_model", "hostname", "gpu_partition_id", "gpu_compute_partition_type", "gpu_memory_partition_type").Keys);
    }

    [Fact]
    public async Task A_partition_tells_its_load_and_memory_and_hides_nothing_of_its_GPU()
    {
        using var rig = new VendorRig("amd", "mi300x-cpx-1");
        await rig.RoundAsync();

        var page = rig.Render("native", "neutral");

        Assert.Equal(["", "0", "1", "2", "3", "4", "5", "6", "7"], page.Values("gpu_total_vram", "gpu_partition_id").Keys);
        Assert.Equal([""], page.Values("gpu_junction_temperature", "gpu_partition_id").Keys);
        Assert.Equal(9, page.Values("hw_gpu_memory_limit_bytes", "hw_id").Count);
        Assert.Equal(24L << 30, page.Values("hw_gpu_memory_limit_bytes", "index")["0:3"]);
    }

    [Fact]
    public async Task A_device_of_a_table_has_the_readings_of_its_row()
    {
        using var rig = new VendorRig("generic", "edgetpu-1");
        await rig.RoundAsync();

        Assert.Single(rig.Render("neutral").Values("hw_temperature_celsius", "hw_sensor_location"), sample => sample is { Key: "gpu", Value: > 0 });
    }

    [Theory]
    [InlineData("rdma", "ib-hdr-1", "dcgm", "hw_network_up")]
    [InlineData("amd", "mi300x-1", "dcgm", "hw_power_watts")]
    [InlineData("amd", "mi300x-1", "dcgm,dcgm-4.9", "hw_power_watts")]
    [InlineData("intel", "max1550-1", "dcgm", "hw_power_limit_watts")]
    [InlineData("generic", "edgetpu-1", "native", "hw_temperature_celsius")]
    public async Task A_vendor_without_the_profiles_that_are_chosen_is_shown_under_neutral_names(string vendor, string node, string chosen, string family)
    {
        using var rig = new VendorRig(vendor, node);
        await rig.RoundAsync();

        Assert.Contains(family, rig.Render(chosen.Split(',')).Families);
    }

    [Fact]
    public async Task A_vendor_with_a_chosen_profile_has_no_further_names()
    {
        using var rig = new VendorRig("amd", "mi300x-1");
        await rig.RoundAsync();

        Assert.DoesNotContain(rig.Render("dcgm", "native").Families, family => family.StartsWith("hw_", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_field_of_a_profile_is_in_its_vendors_table_and_has_a_source()
    {
        foreach (var profile in FileVendorPage.Profiles())
        {
            var table = FileVendorPage.Tables.Single(fields => fields.Vendor == profile.Vendor);
            Assert.All(profile.Families, family => Assert.NotEmpty(table.Fields[table[family.Field]].Source));
        }
    }

    [Fact]
    public void A_neutral_name_has_one_type_help_and_set_of_labels_whichever_vendor_has_it()
    {
        var all = FileVendorPage.Profiles().Where(profile => profile.Name == NeutralProfile.Name).SelectMany(profile => profile.Families).Concat(NeutralProfile.Families);

        Assert.All(all.GroupBy(family => family.Name), family =>
        {
            Assert.Single(family.Select(row => (row.Type, row.Help)).Distinct());
            Assert.Single(family.Select(row => string.Join(',', row.Labels.Select(label => label.Key))).Distinct());
            Assert.All(family, row => Assert.Equal((1, false), (row.Scale, row.IsInteger)));
        });
    }

    /// <summary>A field whose name the neutral table has another word for is a gap that nobody sees on the page.</summary>
    [Fact]
    public void What_is_read_and_has_no_neutral_name_is_known()
    {
        string[] amd = [.. Unnamed("amd").Where(field => !field.StartsWith("ecc_", StringComparison.Ordinal) && !field.StartsWith("metrics_", StringComparison.Ordinal))];

        Assert.Equal(
        [
            "accumulation_cycles_total", "gtt_total_bytes", "gtt_used_bytes", "retired_pages_pending", "throttle_hbm_thermal_total", "throttle_power_total", "throttle_processor_hot_total",
            "throttle_regulator_thermal_total", "throttle_socket_thermal_total", "throttle_status", "visible_memory_total_bytes", "visible_memory_used_bytes", "xgmi_error", "xgmi_link_gigabits",
            "xgmi_link_width",
        ], amd);
        Assert.Equal(["failed_check"], Unnamed("generic"));
        Assert.Equal(
        [
            "ecc_enabled", "graphics_clock_limit_hertz", "graphics_clock_requested_hertz", "idle_seconds_total", "package_energy_joules_total", "package_power_watts", "pcie_link_health", "ras_uncorrected_total",
            "survivability", "throttled",
        ], Unnamed("intel").Except(["pcie_link_speed_gigatransfers"]));
        Assert.DoesNotContain(Unnamed("rdma"), field => field.StartsWith("port_data", StringComparison.Ordinal) || field.StartsWith("link_", StringComparison.Ordinal) || field is "state_id");
    }

    [Theory]
    [InlineData(2.5, 1)]
    [InlineData(16, 4)]
    [InlineData(64, 6)]
    [InlineData(7, double.NaN)]
    public void A_speed_tells_the_generation(double speed, double generation) => Assert.Equal(generation, NeutralProfile.GenerationOf(speed));

    private static string[] Unnamed(string vendor) =>
    [
        .. FileVendorPage.Tables.Single(table => table.Vendor == vendor).Fields.Select(field => field.Name)
            .Except(FileVendorPage.Profiles().Single(profile => profile.Vendor == vendor && profile.Name == NeutralProfile.Name).Families.Select(family => family.Field))
            .Order(StringComparer.Ordinal),
    ];
}
