using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>The bindings against the C simulator, which was written from the header apart from them.</summary>
[Collection(SimulatedNvml.Collection)]
public sealed class NvidiaLibraryTests : SimulatedBoards
{
    [Theory]
    [InlineData("dgx-h100", 8, "NVIDIA H100 80GB HBM3 (simulated)", "0000:1b:00.0", LinkKind.Direct, 18)]
    [InlineData("dgx-a100", 8, "NVIDIA A100-SXM4-80GB (simulated)", "0000:07:00.0", LinkKind.Direct, 12)]
    [InlineData("l4", 4, "NVIDIA L4 (simulated)", "0000:17:00.0", LinkKind.SameNumaNode, 0)]
    public void A_node_is_enumerated_with_its_links(string model, int count, string name, string address, LinkKind kind, int links)
    {
        var (library, info, _) = Open($"node {model}\ndriver-version 570.124.06\n");
        var described = Enumerable.Range(0, count).Select(library.Describe).ToArray();
        var first = library.Describe(0); // now with the links to those described after it

        Assert.Equal(("570.124.06", count, true), (info.DriverVersion, info.DeviceCount, info.IsSimulated));
        Assert.NotNull(info.LibraryVersion);
        Assert.Equal(count, described.Select(device => device.Id).Distinct().Count());
        Assert.All(described, device => Assert.Matches("^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", device.Id));
        Assert.Equal(("nvidia", name, "nvidia.com/gpu", address, "nvidia0"),
            (first.Vendor, first.Model, first.ResourceName, first.PciAddress, first.NodeName));
        Assert.Equal(["nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools"], first.DeviceNodes);
        Assert.InRange(first.MemoryBytes ?? 0, 20L << 30, 90L << 30);
        Assert.False(string.IsNullOrEmpty(first.Serial));
        Assert.Equal(new DeviceLink(described[1].Id, kind, links), first.Links.Single(link => link.PeerId == described[1].Id));
        Assert.Contains(new DeviceLink(first.Id, kind, links), described[1].Links);
        Assert.Equal("", Notes.ToString());
    }

    [Fact]
    public void Telemetry_comes_in_base_units()
    {
        var (library, _, _) = Open("node dgx-h100\ngpu 0 temperature 47\ngpu 0 power 350\ngpu 0 utilization 29\nat 0s gpu 0 remap uncorrectable 2\nat 0s gpu 0 ecc corrected 5\n");
        library.Describe(0);
        var first = Sample(library, 0);
        var second = Sample(library, 0);

        Assert.Equal(47, Value(second, "temperature_celsius"));
        Assert.InRange(Value(second, "power_watts"), 349, 351);
        Assert.Equal(0.29, Value(second, "utilization_ratio"));
        Assert.Equal(700, Value(second, "power_limit_watts"));
        Assert.InRange(Value(second, "sm_clock_hertz"), 100e6, 1980e6);
        Assert.Equal(2619e6, Value(second, "memory_clock_hertz"));
        Assert.InRange(Value(second, "memory_temperature_celsius"), 20, 100);
        Assert.Equal((81559.0 - 551) * 1048576, Value(second, "memory_free_bytes") + Value(second, "memory_used_bytes"));
        Assert.Equal(551.0 * 1048576, Value(second, "memory_reserved_bytes"));
        Assert.Equal(2, Value(second, "remapped_rows_uncorrectable_total"));
        Assert.Equal(0, Value(second, "row_remap_failed"));
        Assert.Equal(5, Value(second, "ecc_volatile_corrected_total"));
        Assert.Equal(0, Value(second, "recovery_action"));
        Assert.True(Value(second, "energy_joules_total") >= Value(first, "energy_joules_total"));
        Assert.Equal(ReadingState.Unknown, first[NvidiaFields.Table["nvlink_bytes_per_second"]].State); // no round before
        Assert.InRange(Value(second, "nvlink_bytes_per_second"), 0, 900e9);
        string[] otherwise = ["last_xid", "fan_speed_ratio", "host_vgpu_mode", .. NvidiaTables.Numbers.Where(row => row.Pace == NvidiaPace.Costly).Select(row => row.Name), .. NvidiaTables.Profiling.Select(row => row.Name)]; // no events yet, no fans, not asked for, no second sample in time
        Assert.All(NvidiaFields.Table.Fields.Where(field => !otherwise.Contains(field.Name) && !field.Name.Contains("texture") && !field.Name.Contains("retired")
            && !field.Name.StartsWith("c2c") && !OfNvlink5.Contains(field.Name)),
            field => Assert.True(second[NvidiaFields.Table[field.Name]].IsPresent, field.Name));
    }

    private static readonly string[] OfNvlink5 =
    [
        "nvlink_malformed_packets_total", "nvlink_buffer_overruns_total", "nvlink_receive_errors_total", "nvlink_integrity_errors_total", "nvlink_discarded_packets_total",
        "nvlink_recoveries_total", "nvlink_failed_recoveries_total", "nvlink_effective_errors_total", "nvlink_symbol_errors_total", "nvlink_effective_bit_error_ratio",
    ];

    [Fact]
    public void Errors_are_told_link_by_link_in_both_generations_and_once_a_minute()
    {
        var (library, _, sim) = Open("node dgx-h100\nat 0s gpu 0 link 7 crc 30\nat 0s gpu 0 link 7 replay 12\n");
        library.Describe(0);
        var before = Sample(library, 0);
        Assert.Equal((42, 0), (Value(before, "nvlink_7_errors_total"), Value(before, "nvlink_6_errors_total")));

        sim.Inject("gpu 0 link 6 recovery 3");
        Assert.Equal(0, Value(Sample(library, 0), "nvlink_6_errors_total")); // not a minute later yet
        library.Describe(0); // forgets what was read
        SampleUntil(library, 0, now => Value(now, "nvlink_6_errors_total") == 3);
    }

    [Fact]
    public void A_superchip_tells_of_its_new_links_and_of_those_to_its_cpu()
    {
        var (library, _, _) = Open("node gb200\nat 0s gpu 1 link 3 crc 40\n");
        library.Describe(1);
        var now = Sample(library, 1);

        Assert.All(OfNvlink5, name => Assert.True(now[NvidiaFields.Table[name]].IsPresent, name));
        Assert.Equal((40, 44), (Value(now, "nvlink_receive_errors_total"), Value(now, "nvlink_3_errors_total"))); // and four that were left after correction
        Assert.True(Value(now, "nvlink_effective_bit_error_ratio") is > 1e-16 and < 1e-5);
        Assert.Equal((1, 5, 5, 0), (Value(now, "c2c_enabled"), Value(now, "c2c_links"), Value(now, "c2c_links_up"), Value(now, "c2c_replays_total")));
    }

    [Fact]
    public void How_a_board_is_shared_and_guarded_is_read()
    {
        var (library, _, _) = Open("node dgx-h100\nat 0s confidential on\nat 0s gpu 2 vgpu 3\n");
        library.Describe(2);
        var now = Sample(library, 2);

        Assert.Equal((3, 3, 1), (Value(now, "virtualization_mode"), Value(now, "vgpu_instances"), Value(now, "host_vgpu_mode")));
        Assert.Equal((1, 2, 0), (Value(now, "confidential_computing"), Value(now, "confidential_environment"), Value(now, "confidential_ready")));
        Assert.Equal((1, 0, 0), (Value(now, "accounting_mode"), Value(now, "reset_required"), Value(now, "drain_and_reset_required")));
    }

    [Fact]
    public void What_a_board_does_not_have_is_absent()
    {
        var (library, _, _) = Open("node l4\n");
        library.Describe(0);
        Sample(library, 0);
        var now = Sample(library, 0);

        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["memory_temperature_celsius"]].State);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["nvlink_bytes_per_second"]].State);
        Assert.True(now[NvidiaFields.Table["temperature_celsius"]].IsPresent);
    }

    [Fact]
    public void An_old_library_tells_less_and_nothing_fails()
    {
        var (library, info, sim) = Open("node dgx-h100\n", "old");
        var devices = DescribeAll(library, 8);
        library.WaitEvent(TimeSpan.Zero, out _);
        Sample(library, 0);
        var now = Sample(library, 0);

        Assert.Equal(8, info.DeviceCount);
        Assert.True(now[NvidiaFields.Table["temperature_celsius"]].IsPresent); // through the function that is older
        Assert.True(now[NvidiaFields.Table["memory_used_bytes"]].IsPresent);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["memory_reserved_bytes"]].State);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["recovery_action"]].State);
        Assert.DoesNotContain(now, reading => reading.State == ReadingState.Unknown);

        sim.Inject("gpu 6 xid 13");
        Assert.Equal(devices[6].Id, NextEvent(library).DeviceId);
    }

    [Fact]
    public void Each_function_that_is_missing_leaves_the_others()
    {
        var (library, _, _) = Open("""
            node dgx-h100
            without nvmlDeviceGetFieldValues
            without nvmlDeviceGetTemperatureV
            without nvmlDeviceGetMemoryInfo_v2
            without nvmlDeviceGetSerial
            without nvmlEventSetCreate
            without nvmlDeviceGetNvLinkState

            """);
        var device = library.Describe(0);
        var now = Sample(library, 0);

        Assert.Null(device.Serial);
        Assert.NotNull(device.MemoryBytes);
        Assert.False(library.WaitEvent(TimeSpan.FromMilliseconds(20), out _));
        Assert.True(now[NvidiaFields.Table["temperature_celsius"]].IsPresent);
        Assert.True(now[NvidiaFields.Table["ecc_volatile_corrected_total"]].IsPresent); // one function each, instead of fields
        Assert.True(now[NvidiaFields.Table["remapped_rows_correctable_total"]].IsPresent);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["memory_temperature_celsius"]].State);
        Assert.Equal(ReadingState.Absent, now[NvidiaFields.Table["recovery_action"]].State);
        Assert.Equal(ReadingState.Absent, Sample(library, 0)[NvidiaFields.Table["last_xid"]].State);
    }

    [Fact]
    public void A_library_that_does_not_fit_its_module_says_so()
    {
        var fault = Assert.Throws<VendorException>(() => Open("node dgx-h100\n", "broken"));

        Assert.Equal((VendorFault.Refused, 18), (fault.Fault, fault.Status));
    }

    [Fact]
    public void A_name_may_hold_anything()
    {
        var (library, _, _) = Open("node l4\ngpu 1 name \"a \\\"b\\\"\\nc \\xff {d}\"\n");

        Assert.Equal("a \"b\"\nc \uFFFD {d} (simulated)", library.Describe(1).Model);
    }

    [Fact]
    public void A_missing_library_is_absent_and_a_foreign_one_refused()
    {
        using var sim = new SimulatedNvml("node l4\n");
        var library = new NvidiaLibrary(TimeProvider.System, Notes);
        Keep(library);

        Assert.Equal(VendorFault.Absent, Assert.Throws<VendorException>(() => library.Open("/nowhere/libnvidia-ml.so.1")).Fault);
        Assert.Equal(VendorFault.Absent, Assert.Throws<VendorException>(() => library.Open("libnvidia-no-such-thing.so.1")).Fault);
        Assert.Equal(VendorFault.Refused, Assert.Throws<VendorException>(() => library.Open(sim.Scenario)).Fault); // a text file
        Assert.Equal(VendorFault.Refused, Assert.Throws<VendorException>(() => library.Open("libc.so.6")).Fault);
        Assert.Equal(4, library.Open(sim.Library).DeviceCount); // and is usable after all of that
    }
}
