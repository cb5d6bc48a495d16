using System.Buffers;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Testing;
using AIInfra.UnitTests.Metrics;
using AIInfra.UnitTests.VendorFiles;
using AIInfra.Vendors.Cambricon;
using AIInfra.Vendors.Cambricon.Metrics;

namespace AIInfra.UnitTests.Vendors.Cambricon;

public sealed class CambriconPageTests
{
    [Fact]
    public void An_MLU_is_shown_under_its_exporters_names_and_labels()
    {
        var readings = CambriconNode.WellReadings();
        readings[CambriconFields.Table["mlulink1_crc24_errors_total"]] = Reading.Of(4);
        readings[CambriconFields.Table["mlulink0_speed_bytes_per_second"]] = Reading.Of(56e9);
        var xids = new CambriconXids();
        xids.Saw(CambriconNode.Id(0), 0x2a);
        var page = Render("native", xids, readings, CambriconNode.Board(0));

        Assert.Equal(37, page.Values("mlu_utilization", "mlu")["0"], 1e-9);
        Assert.Equal(1L << 30, page.Values("mlu_memory_used", "uuid")["00000000-1111-2222-3333-444444444444"]);
        Assert.Equal(100.0 / 16, page.Values("mlu_memory_utilization", "type")["mlu370"], 1e-9);
        Assert.Equal(1, page.Values("mlu_health", "driver", "mcu", "model", "node", "sn")["v5.10.22 v1.1.4 MLU370-X8 node-1 1000"]);
        Assert.Equal(1, page.Values("mlu_driver_state", "mlu")["0"]);
        Assert.Equal(4, page.Values("mlu_mlulink_err_crc24_total", "link")["1"]);
        Assert.Equal(56, page.Values("mlu_mlulink_speed", "link")["0"]);
        Assert.Equal(1, page.Values("mlu_xid_error_count", "xid", "xid_base_10")["0x000000000000002a 42"]);
        Assert.DoesNotContain(page.Samples.Keys, key => key.StartsWith("mlu_power_usage", StringComparison.Ordinal)); // absent is not zero
    }

    [Fact]
    public void An_instance_has_its_own_UUID_number_and_type()
    {
        var board = CambriconNode.Board(0, division: CambriconTraits.Mim);
        var page = Render("native", new CambriconXids(), CambriconNode.WellReadings(), board, CambriconNode.Instance(board, 2, "2m.8gb"));

        Assert.Equal(["- mlu370", "2 mlu370.mim-2m.8gb"], page.Values("mlu_memory_used", "vf", "type").Keys.Order());
        Assert.Equal(1, page.Values("mlu_virtual_mode", "mlu")["0"]);
    }

    [Fact]
    public void Neutral_names_tell_the_same()
    {
        var readings = CambriconNode.WellReadings();
        readings[CambriconFields.Table["mlulink_read_bytes_total"]] = Reading.Of(5);
        var page = Render("neutral", new CambriconXids(), readings, CambriconNode.Board(0));

        Assert.Equal(0.37, page.Values("hw_gpu_utilization_ratio", "hw_gpu_task")["general"], 1e-9);
        Assert.Equal(5, page.Values("hw_gpu_interconnect_io_bytes_total", "link_kind", "network_io_direction")["mlulink receive"]);
        Assert.Equal(1, page.Values("hw_status", "hw_state")["ok"]);
    }

    private static PageReader Render(string profile, CambriconXids xids, Reading[] readings, params Device[] devices)
    {
        var (time, inventory, samples, parts) = (new ManualTime(), new InventoryBoard(), new SampleBoard(), new WorkerBoard());
        using var health = new HealthBoard(time, "boot-1", []);
        inventory.Publish(CambriconNode.Of(devices));
        samples.Publish(new VendorSample(CambriconFields.Table, [.. devices.Select(device => new DeviceSample(device.Id, readings, time.GetTimestamp()))]));
        using var page = new MetricsPage(new MetricsSources(inventory, samples, health, parts), new MetricsPageOptions
        {
            Profiles = ProfileChoice.Of(CambriconProfiles.All(xids), [profile]),
            Hostname = "node-1",
            Version = "1.2.3",
        }, time);
        var output = new ArrayBufferWriter<byte>();
        page.Render(output);
        return PageReader.Read(output.WrittenSpan.ToArray());
    }
}
