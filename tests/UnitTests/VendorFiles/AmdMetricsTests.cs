using System.Buffers.Binary;
using AIInfra.Core.Sampling;
using AIInfra.Vendors.Amd;

namespace AIInfra.UnitTests.VendorFiles;

/// <summary>The layouts of gpu_metrics against C's own rules for structs, and against places that are known by themselves.</summary>
public sealed class AmdMetricsTests
{
    public static TheoryData<string, int> Versions => new()
    {
        { "1.0", 80 }, { "1.1", 96 }, { "1.2", 104 }, { "1.3", 120 }, { "1.4", 288 }, { "1.5", 360 }, { "1.6a", 384 }, { "1.6", 1664 }, { "1.7", 2208 }, { "1.8", 3872 },
        { "2.1", 120 }, { "2.2", 128 }, { "2.3", 152 }, { "2.4", 168 }, { "3.0", 176 },
    };

    [Fact]
    public void Every_version_is_known_once() =>
        Assert.Equal(Versions.Select(row => row.Data.Item1).Order(StringComparer.Ordinal), AmdMetricsLayout.All.Select(layout => layout.Version).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Versions))]
    public void Members_lie_where_a_C_compiler_puts_them(string version, int size)
    {
        var layout = AmdMetricsLayout.All.Single(layout => layout.Version == version);

        Assert.Equal(size, layout.Size);
        var end = 4; // the header: u16, u8, u8
        foreach (var (name, member) in layout.Members.OrderBy(entry => entry.Value.Offset))
        {
            Assert.True(member.Offset % member.Width == 0, $"{name} is not aligned");
            Assert.True(member.Offset >= end, $"{name} overlaps what is before it");
            end = member.Offset + member.Width * member.Count;
        }
        Assert.True(end <= size);
        Assert.InRange(size - end, 0, layout.PartitionLoad is null ? 7 : 8 * 440 + 16);
    }

    [Theory] // version, size, member, offset, width, count: from the driver's header
    [InlineData("1.0", 80, "energy_accumulator", 36, 4, 1)]
    [InlineData("1.1", 96, "energy_accumulator", 24, 8, 1)]
    [InlineData("1.1", 96, "temperature_hbm", 88, 2, 4)]
    [InlineData("1.3", 120, "indep_throttle_status", 112, 8, 1)]
    [InlineData("1.4", 288, "xgmi_read_data_acc", 104, 8, 8)]
    [InlineData("1.5", 360, "jpeg_activity", 24, 2, 32)]
    [InlineData("1.5", 360, "current_uclk", 352, 2, 1)]
    [InlineData("1.6a", 384, "ppt_residency_acc", 112, 4, 1)]
    [InlineData("1.6", 1664, "pcie_bandwidth_acc", 80, 8, 1)]
    [InlineData("1.7", 2208, "xgmi_link_status", 264, 2, 8)]
    [InlineData("1.8", 3872, "pcie_lc_perf_other_end_recovery", 3864, 4, 1)]
    [InlineData("2.4", 168, "average_gfx_current", 162, 2, 1)]
    [InlineData("3.0", 176, "average_socket_power", 112, 4, 1)]
    public void Places_are_those_of_the_driver(string version, int size, string name, int offset, int width, int count)
    {
        var layout = AmdMetricsLayout.All.Single(layout => layout.Version == version && layout.Size == size);

        Assert.Equal(new MetricsMember(offset, width, count), layout.Members[name]);
    }

    [Fact]
    public void Units_are_those_of_the_version()
    {
        var mi300 = Blob(360, 1, 5, (4, 2, 61), (10, 2, 712), (12, 2, 87), (88, 8, 1_000_000), (114, 2, 320), (312, 2, 2100), (314, 2, 2000), (176, 8, 3), (184, 8, 4));
        Assert.Equal(61, Value(mi300, "metrics_temperature_hotspot_celsius"));
        Assert.Equal(712, Value(mi300, "metrics_power_watts"));
        Assert.Equal(0.87, Value(mi300, "metrics_utilization_ratio"), 1e-9);
        Assert.Equal(15.259, Value(mi300, "energy_joules_total"), 1e-9);
        Assert.Equal(32, Value(mi300, "metrics_pcie_link_speed_gigatransfers"), 1e-9);
        Assert.Equal(2.1e9, Value(mi300, "graphics_clock_hertz"));
        Assert.Equal(7 * 1024, Value(mi300, "xgmi_read_bytes_total"));

        var apu = Blob(168, 2, 4, (4, 2, 5512), (28, 2, 4300), (40, 2, 15500));
        Assert.Equal(55.12, Value(apu, "metrics_temperature_edge_celsius"), 1e-9);
        Assert.Equal(0.43, Value(apu, "metrics_utilization_ratio"), 1e-9);
        Assert.Equal(15.5, Value(apu, "metrics_power_watts"), 1e-9);
        Assert.Equal(ReadingState.Absent, Read(Blob(80, 1, 0, (75, 1, 4)), "metrics_pcie_link_speed_gigatransfers").State); // a generation, no speed
    }

    [Fact]
    public void The_load_of_a_partition_is_its_own()
    {
        var blob = Blob(1664, 1, 6, (312, 4, 20), (316, 4, 40), (312 + 168, 4, 80));

        Assert.Equal(0.3, AmdMetricsReader.PartitionLoad(blob, 0).Value, 1e-9);
        Assert.Equal(0.8, AmdMetricsReader.PartitionLoad(blob, 1).Value, 1e-9);
        Assert.Equal(ReadingState.Absent, AmdMetricsReader.PartitionLoad(blob, 2).State);
        Assert.Equal(ReadingState.Absent, AmdMetricsReader.PartitionLoad(blob, 8).State);
        Assert.Equal(ReadingState.Unknown, AmdMetricsReader.PartitionLoad(blob.AsSpan(0, 1000), 0).State);
    }

    [Theory]
    [InlineData(0, ReadingState.Unknown)]
    [InlineData(3, ReadingState.Unknown)]
    [InlineData(200, ReadingState.Unknown)]
    [InlineData(359, ReadingState.Unknown)]
    [InlineData(360, ReadingState.Present)]
    [InlineData(4096, ReadingState.Present)]
    public void A_blob_that_is_cut_off_tells_nothing(int length, ReadingState state)
    {
        var blob = new byte[4096];
        Blob(360, 1, 5, (4, 2, 61)).CopyTo(blob, 0);

        Assert.Equal(state, Read(blob.AsSpan(0, length), "metrics_temperature_hotspot_celsius").State);
    }

    [Theory]
    [InlineData(360, 1, 9)]
    [InlineData(361, 1, 5)]
    [InlineData(360, 7, 5)]
    [InlineData(4, 0, 0)]
    public void A_version_that_is_not_known_tells_nothing_of_any_field(int size, int format, int content)
    {
        var readings = new Reading[AmdMetricsReader.Rows.Length];
        new AmdMetricsReader().Read(Blob(size, format, content, []), readings);

        Assert.All(readings, reading => Assert.Equal(ReadingState.Absent, reading.State));
    }

    private static double Value(byte[] blob, string field) => Read(blob, field) is { IsPresent: true, Value: var value } ? value : double.NaN;

    private static Reading Read(ReadOnlySpan<byte> blob, string field)
    {
        var readings = new Reading[AmdMetricsReader.Rows.Length];
        new AmdMetricsReader().Read(blob, readings);
        return readings[AmdMetricsReader.Rows.Select(row => row.Field).ToList().IndexOf(field)];
    }

    /// <summary>All bits set but for the header and these.</summary>
    private static byte[] Blob(int size, int format, int content, params (int At, int Width, ulong Value)[] values)
    {
        var blob = new byte[Math.Max(4, size)];
        blob.AsSpan().Fill(0xff);
        BinaryPrimitives.WriteUInt16LittleEndian(blob, (ushort)size);
        (blob[2], blob[3]) = ((byte)format, (byte)content);
        foreach (var (at, width, value) in values)
        {
            for (var part = 0; part < width; part++)
                blob[at + part] = (byte)(value >> (8 * part));
        }
        return blob;
    }
}
