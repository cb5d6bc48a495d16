using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>Readings of simulated boards beyond the first ones: profiling, fabric, repair, processes, lies.</summary>
[Collection(SimulatedNvml.Collection)]
public sealed class NvidiaTelemetryTests : SimulatedBoards
{
    [Fact]
    public void Profiling_is_what_lies_between_two_samples()
    {
        var (library, _, _) = Open("node dgx-h100\ngpu 0 utilization 80\n");
        library.Describe(0);
        var first = Sample(library, 0);
        Assert.All(NvidiaTables.Profiling, row => Assert.Equal((row.Name, ReadingState.Unknown), (row.Name, first[NvidiaFields.Table[row.Name]].State)));

        var second = SampleUntil(library, 0, now => now[NvidiaFields.Table["sm_active_ratio"]].IsPresent); // 100 ms later

        Assert.All(NvidiaTables.Profiling.Where(row => !row.IsRate), row => Assert.InRange(Value(second, row.Name), 0, 1));
        Assert.All(NvidiaTables.Profiling.Where(row => row.IsRate), row => Assert.InRange(Value(second, row.Name), 0, 1e12));
        Assert.InRange(Value(second, "graphics_engine_active_ratio"), 0.5, 1);
    }

    [Fact]
    public void Profiling_is_of_a_partition_too_and_absent_before_hopper()
    {
        var (library, _, _) = Open("node dgx-h100\ngpu 0 mig 1g.10gb\n");
        library.Describe(0);
        var partition = library.Partitions(0)[0];
        Until(() =>
        {
            var readings = new Reading[library.Fields.Count];
            library.SamplePartition(0, library.Partitions(0)[0], readings); // a new walk keeps the samples
            return readings[NvidiaFields.Table["sm_active_ratio"]].IsPresent;
        });

        var (older, _, _) = Open("node dgx-a100\n");
        older.Describe(0);
        Assert.Equal(ReadingState.Absent, Sample(older, 0)[NvidiaFields.Table["sm_active_ratio"]].State);
    }

    [Fact]
    public void A_board_tells_its_condition()
    {
        var (library, _, sim) = Open("""
            node dgx-h100
            gpu 0 process 4711 1024
            gpu 0 process 4712 2048
            at 0s gpu 0 throttle 0x48
            at 0s gpu 0 remap pending
            at 0s gpu 0 ecc sram-threshold
            at 0s gpu 0 link 3 down
            at 0s gpu 0 link 4 crc 7
            at 0s gpu 0 inforom corrupted

            """);
        library.Describe(0);
        var now = Sample(library, 0);

        Assert.Equal((2, 3072.0 * 1048576), (Value(now, "compute_processes"), Value(now, "compute_process_memory_bytes")));
        Assert.Equal(0x48, Value(now, "clock_event_reasons"));
        Assert.Equal((1, 1, 1), (Value(now, "row_remap_pending"), Value(now, "sram_threshold_exceeded"), Value(now, "inforom_corrupted")));
        Assert.Equal((17, 1), (Value(now, "nvlink_links_up"), Value(now, "nvlink_links_down")));
        Assert.True(Value(now, "nvlink_crc_flit_errors_total") + Value(now, "nvlink_crc_data_errors_total") >= 7);
        Assert.Equal((5, 16, 5, 16), (Value(now, "pcie_link_generation_max"), Value(now, "pcie_link_width"), Value(now, "pcie_link_generation"), Value(now, "pcie_link_width_max")));
        Assert.Equal((3, 0), (Value(now, "fabric_state"), Value(now, "fabric_status")));
        Assert.Empty(NvidiaFabricHealth.Faults((uint)Value(now, "fabric_health_mask")));
        Assert.Equal(700, Value(now, "power_limit_default_watts"));
        Assert.InRange(Value(now, "slowed_thermal_seconds_total"), 0, 60);
        Assert.InRange(Value(now, "temperature_margin_celsius"), -50, 100);
        Assert.Equal(1, Value(now, "ecc_mode"));
        Assert.Equal(0, Value(now, "mig_mode"));

        sim.Inject("gpu 0 fabric in-progress");
        SampleUntil(library, 0, later => Value(later, "fabric_state") == 2);
    }

    [Fact]
    public void Limits_are_asked_at_their_own_pace_and_costly_readings_only_when_they_are_wanted()
    {
        var (often, _, oftenSim) = Open("node dgx-a100\n");
        var (seldom, _, seldomSim) = Open("node dgx-a100\n", sampling: new NvidiaSampling(TimeSpan.FromHours(1), HasPcieThroughput: true));
        often.Describe(0);
        seldom.Describe(0);
        Assert.Equal(0, Value(Sample(often, 0), "compute_mode"));
        Assert.Equal(ReadingState.Absent, Sample(often, 0)[NvidiaFields.Table["pcie_throughput_sent_bytes_per_second"]].State);
        Assert.Equal(0, Value(Sample(seldom, 0), "compute_mode"));
        Assert.True(Value(Sample(seldom, 0), "pcie_throughput_sent_bytes_per_second") >= 0);
        Assert.True(Value(Sample(seldom, 0), "pcie_throughput_received_bytes_per_second") >= 0);

        oftenSim.Inject("gpu 0 lies enum"); // from here on a new answer is no usable one
        seldomSim.Inject("gpu 0 lies enum");

        SampleUntil(often, 0, now => !now[NvidiaFields.Table["compute_mode"]].IsPresent);
        var later = SampleUntil(seldom, 0, now => !now[NvidiaFields.Table["performance_state"]].IsPresent);
        Assert.Equal(0, Value(later, "compute_mode"));
    }

    [Fact]
    public void Firmware_is_part_of_the_description()
    {
        var (library, _, _) = Open("node dgx-h100\n");

        Assert.Equal(["gsp", "inforom", "vbios"], library.Describe(0).Firmware.Keys);
    }

    [Theory]
    [InlineData("enum")]
    [InlineData("absurd")]
    [InlineData("size")]
    [InlineData("duplicate-uuid")]
    public void Lies_are_survived(string lie)
    {
        var (library, _, _) = Open($"node dgx-h100\ngpu 0 mig 1g.10gb,1g.10gb\ngpu 0 lies {lie}\n");
        var devices = DescribeAll(library, 8);
        var partitions = library.Partitions(0);
        var now = Sample(library, 0);
        var readings = new Reading[library.Fields.Count];
        foreach (var partition in partitions)
            Try(() => { library.SamplePartition(0, partition, readings); return 0; }, out _);

        Assert.Equal(8, devices.Select(device => device.Id).Distinct().Count());
        Assert.Equal(partitions.Length, partitions.Select(partition => partition.Id).Distinct().Count());
        Assert.All(now, reading => Assert.True(!reading.IsPresent || double.IsFinite(reading.Value)));
        Assert.All(NvidiaFields.Table.Fields.Where(field => field.Name.EndsWith("_ratio")),
            field => Assert.InRange(now[NvidiaFields.Table[field.Name]].Value, 0, 3));
        Assert.InRange(now[NvidiaFields.Table["temperature_celsius"]].Value, 0, 200);
        Assert.True(Sample(library, 1)[NvidiaFields.Table["temperature_celsius"]].IsPresent);
    }

    [Fact]
    public void A_library_that_refuses_every_newer_struct_is_asked_in_older_forms()
    {
        var (library, _, _) = Open("node dgx-h100\ngpu 0 lies size\n");
        library.Describe(0);
        var now = Sample(library, 0);

        Assert.True(now[NvidiaFields.Table["temperature_celsius"]].IsPresent);
        Assert.True(now[NvidiaFields.Table["memory_total_bytes"]].IsPresent);
        Assert.True(now[NvidiaFields.Table["fabric_state"]].IsPresent);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["fabric_health_mask"]].State);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["sram_threshold_exceeded"]].State);
    }

    [Fact]
    public void A_driver_changed_under_the_agent_refuses_a_new_child()
    {
        var (library, _, sim) = Open("node l4\n");
        library.Describe(0);
        sim.Inject("driver-version 999.1");

        var fault = FaultOf(library, 0);
        Assert.Equal(VendorFault.DeviceLost, fault.Fault);
        Assert.Equal((VendorFault.Refused, (int)NvmlReturn.LibRmVersionMismatch),
            (Assert.Throws<VendorException>(() => library.Open(sim.Library)) is var refusal ? (refusal.Fault, refusal.Status) : default));
    }
}
