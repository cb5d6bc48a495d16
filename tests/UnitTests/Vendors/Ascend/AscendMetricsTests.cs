using System.Buffers;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Testing;
using AIInfra.UnitTests.Metrics;
using AIInfra.UnitTests.VendorFiles;
using AIInfra.Vendors.Ascend;
using AIInfra.Vendors.Ascend.Metrics;

namespace AIInfra.UnitTests.Vendors.Ascend;

[Collection(FakeDcmi.Collection)]
public sealed class AscendMetricsTests
{
    /// <summary>Of the fake node as it is now, after one round.</summary>
    private static PageReader Render(string profile)
    {
        var time = new ManualTime();
        var library = new AscendLibrary(_ => FakeDcmi.Exports(), TextWriter.Null);
        var count = library.Open("libdcmi.so").DeviceCount;
        var node = AscendNode.Now();
        var samples = new List<DeviceSample>();
        foreach (var index in Enumerable.Range(0, count))
        {
            var readings = new Reading[AscendFields.Table.Count];
            samples.Add(new DeviceSample(library.Describe(index).Id, readings, time.GetTimestamp()));
            library.Sample(index, readings);
            foreach (var part in library.Partitions(index))
            {
                var own = new Reading[AscendFields.Table.Count];
                library.SamplePartition(index, part, own);
                samples.Add(new DeviceSample(part.Id, own, time.GetTimestamp()));
            }
        }
        using var health = new HealthBoard(time, "boot", []);
        var sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), health, new WorkerBoard());
        sources.Inventory.Publish(node);
        sources.Samples.Publish(new VendorSample(AscendFields.Table, [.. samples]));
        using var page = new MetricsPage(sources, new MetricsPageOptions { Profiles = ProfileChoice.Of(AscendProfiles.All(), [profile]), Hostname = "node-1", Version = "1.2.3" }, time);
        var output = new ArrayBufferWriter<byte>();
        page.Render(output);
        return PageReader.Read(output.WrittenSpan.ToArray());
    }

    [Fact]
    public void The_native_names_are_those_of_the_vendors_exporter_in_its_units()
    {
        FakeDcmi.Reset(2);
        FakeDcmi.Chip(1).Codes.AddRange([0x80E01801, 0x8C2FA009]);
        FakeDcmi.Chip(1).Health = 2;
        FakeDcmi.Chip(1).Network = 3;

        var page = Render("native");

        Assert.Equal(
            [40, 55, 12, 14, 45, 123.4, 0.85, 1650, 65536, 16384, 25, 48, 7, 30, 1],
            new[]
            {
                "npu_chip_info_utilization", "npu_chip_info_overall_utilization", "npu_chip_info_vector_utilization", "npu_chip_info_cube_utilization", "npu_chip_info_temperature", "npu_chip_info_power",
                "npu_chip_info_voltage", "npu_chip_info_aicore_current_freq", "npu_chip_info_hbm_total_memory", "npu_chip_info_hbm_used_memory", "npu_chip_info_hbm_utilization", "npu_chip_info_hbm_temperature",
                "npu_chip_info_hbm_bandwidth_utilization", "npu_chip_info_hbm_ecc_total_single_bit_error_cnt", "npu_chip_info_process_info_num",
            }.Select(family => Math.Round(page.Values(family, "id")["0"], 6)));
        Assert.Equal([1, 0], page.Values("npu_chip_info_health_status", "id").Values);
        Assert.Equal([1, 0], page.Values("npu_chip_info_network_status", "id").Values);
        Assert.Equal([0, 0x80E01801], page.Values("npu_chip_info_error_code", "id").Values);
        Assert.Equal(new Dictionary<string, double> { ["1"] = 0x8C2FA009 }, page.Values("npu_chip_info_error_code_1", "id"));
        Assert.Equal([3, 3], page.Values("npu_chip_info_hccs_statistic_info_crc_err_cnt_1", "id").Values);
        Assert.Equal(["0 00000001-20E0B0D4-11111111-22222222-33333333 Ascend 910B3 0000:01:00.0", "1 00000002-20E0B0D4-11111111-22222222-33333333 Ascend 910B3 0000:02:00.0"],
            page.Values("npu_chip_info_power", "id", "vdie_id", "model_name", "pcie_bus_info").Keys);
    }

    [Fact]
    public void A_virtual_NPU_has_names_of_its_own()
    {
        FakeDcmi.Reset(1, "910A", 0xd801);
        FakeDcmi.Chip(0).Parts.Add((100, "vir04", 4));

        var page = Render("native");

        Assert.Equal(new Dictionary<string, double> { ["100 4 true"] = 25 }, page.Values("vnpu_pod_aicore_utilization", "v_dev_id", "aicore_count", "is_virtual"));
        Assert.Equal(8 << 20, page.Values("vnpu_pod_total_memory", "v_dev_id")["100"]);
        Assert.Single(page.Values("npu_chip_info_temperature", "id"));
    }

    [Fact]
    public void The_neutral_names_are_in_base_units()
    {
        FakeDcmi.Reset(1);

        var page = Render("neutral");

        Assert.Equal(0.55, page.Values("hw_gpu_utilization_ratio", "hw_gpu_task")["general"]);
        Assert.Equal(64.0 * (1 << 30), page.Values("hw_gpu_memory_limit_bytes", "vendor")["ascend"]);
        Assert.Equal((45, 48), (page.Values("hw_temperature_celsius", "hw_sensor_location")["gpu"], page.Values("hw_temperature_celsius", "hw_sensor_location")["memory"]));
        Assert.Equal(1.65e9, page.Values("hw_frequency_hertz", "domain")["sm"]);
        Assert.Equal(123.4, page.Values("hw_power_watts", "vendor")["ascend"], 6);
        Assert.Equal((1, 2, 3), (page.Values("hw_errors_total", "error_type", "error_category")["uncorrected ecc"], page.Values("hw_errors_total", "error_type", "error_category")["uncorrected ecc_lifetime"],
            page.Values("hw_errors_total", "error_type", "error_category")["corrected link_crc"]));
    }
}
