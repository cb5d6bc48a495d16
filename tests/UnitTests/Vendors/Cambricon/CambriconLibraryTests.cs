using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

/// <summary>The driver against a table of functions in this process.</summary>
[Collection(FakeCndev.Collection)]
public sealed class CambriconLibraryTests : IDisposable
{
    private readonly StringWriter _notes = new();
    private readonly CambriconLibrary _library;

    public CambriconLibraryTests()
    {
        FakeCndev.Reset(4);
        _library = new CambriconLibrary(TimeProvider.System, _notes, _ => FakeCndev.Exports());
    }

    public void Dispose() => _library.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(64)]
    public void Any_number_of_boards_is_described_and_read(int count)
    {
        FakeCndev.Reset(count);

        Assert.Equal(new LibraryInfo(count == 0 ? null : "5.10.22", "6.2.10", count, IsSimulated: false), _library.Open("libcndev.so"));
        var devices = Describe(count);

        Assert.Equal(count, devices.DistinctBy(device => device.Id).Count());
        Assert.All(devices, device => Assert.Equal(0.37, Sample(device.Index)["utilization_ratio"].Value));
        Assert.Equal(count, _library.CountDevices());
    }

    [Fact]
    public void A_board_says_who_and_where_it_is()
    {
        _library.Open("libcndev.so");
        var device = Describe(4)[3];

        Assert.Equal(("MLU-00000003-1111-2222-3333-444444444444", "MLU370-X8", "cambricon.com/mlu", "0000:04:00.0"), (device.Id, device.Model, device.ResourceName, device.PciAddress));
        Assert.Equal(("cambricon_dev3", "1003", 1, 24L << 30), (device.NodeName, device.Serial, device.NumaNode, device.MemoryBytes));
        Assert.Equal(("1.1.4", "7a"), (device.Firmware["mcu"], device.Traits[CambriconTraits.MotherBoard]));
        Assert.False(device.Traits.ContainsKey(CambriconTraits.Division));
    }

    [Fact]
    public void Chips_of_one_card_are_boards_of_their_own_and_near()
    {
        FakeCndev.Reset(4, chipsOfCard: 2);
        _library.Open("libcndev.so");
        Describe(4);
        var device = _library.Describe(1);

        Assert.Equal(4, Describe(4).DistinctBy(one => one.Id).Count());
        Assert.Equal(LinkKind.SameBoard, device.Links.Single(link => link.PeerId.Contains("00000000-", StringComparison.Ordinal)).Kind);
        Assert.Equal(LinkKind.SinglePcieSwitch, device.Links.Single(link => link.PeerId.Contains("00000002-", StringComparison.Ordinal)).Kind);
    }

    [Fact]
    public void MLU_Links_are_counted_from_either_side_and_those_of_other_nodes_lead_nowhere()
    {
        FakeCndev.Link(0, 1, 2);
        FakeCndev.Link(1, 2);
        FakeCndev.Boards[2].Ports.Add((true, 99)); // a board of another node
        FakeCndev.Boards[2].Ports.Add((false, 0));
        _library.Open("libcndev.so");
        Describe(4);

        Assert.Equal([("MLU-00000000", LinkKind.Direct, 2), ("MLU-00000002", LinkKind.Direct, 1), ("MLU-00000003", LinkKind.SinglePcieSwitch, 0)],
            _library.Describe(1).Links.Select(link => (link.PeerId[..12], link.Kind, link.Count)));
        var readings = Sample(2);
        Assert.Equal((2, 1), (readings["mlulink_links_up"].Value, readings["mlulink_links_down"].Value));
        Assert.Equal(1002, readings["mlulink2_read_bytes_total"].Value);
        Assert.Equal(3003, readings["mlulink_read_bytes_total"].Value);
        Assert.Equal(ReadingState.Absent, readings["mlulink3_state"].State);
    }

    [Fact]
    public void Ports_into_switches_reach_every_board_that_has_some()
    {
        foreach (var board in FakeCndev.Boards)
            board.Ports.AddRange([(true, -1), (true, -1)]);
        FakeCndev.Boards[3].Ports.Clear();
        _library.Open("libcndev.so");
        Describe(4);

        Assert.Equal([(LinkKind.Direct, 2), (LinkKind.Direct, 2), (LinkKind.SinglePcieSwitch, 0)], _library.Describe(0).Links.Select(link => (link.Kind, link.Count)));
    }

    [Fact]
    public void What_a_board_does_not_have_is_absent_and_what_it_tells_is_in_base_units()
    {
        _library.Open("libcndev.so");
        _library.Describe(0);
        var readings = Sample(0);

        Assert.Equal(Reading.Of(1L << 30), readings["memory_used_bytes"]);
        Assert.Equal(Reading.Of((24576 - 1024 - 512) * (double)(1 << 20)), readings["memory_free_bytes"]);
        Assert.Equal(Reading.Of(24000 * (double)(1 << 20)), readings["memory_global_bytes"]);
        Assert.Equal(Reading.Of(52), readings["temperature_celsius"]);
        Assert.Equal(Reading.Of(41), readings["board_temperature_celsius"]);
        Assert.Equal(Reading.Absent, readings["memory_temperature_celsius"]);
        Assert.Equal(Reading.Absent, readings["fan_rpm"]); // -1 is no fan
        Assert.Equal(Reading.Of(5000), readings["energy_joules_total"]);
        Assert.Equal(Reading.Of(0.5), readings["tensor_active_ratio"]);
        Assert.Equal(Reading.Absent, readings["slowed_power_seconds_total"]);
        Assert.Equal((7, 2), (readings["retired_pages_single_bit_total"].Value, readings["retired_pages_double_bit_total"].Value));
        Assert.Equal((2, 2 * 1024 * 1024), (readings["compute_processes"].Value, readings["compute_process_memory_bytes"].Value));
        Assert.Equal([1, 2], _library.Processes(0, null).Select(process => process.Id));
    }

    [Fact]
    public void More_processes_than_there_is_room_for_are_asked_for_again()
    {
        FakeCndev.Boards[0].Processes = 100;
        _library.Open("libcndev.so");
        _library.Describe(0);

        Assert.Equal(100, Sample(0)["compute_processes"].Value);
    }

    [Fact]
    public void Any_function_may_be_missing_but_those_without_which_nothing_works()
    {
        foreach (var name in new[] { "cndevInit", "cndevGetDeviceCount", "cndevGetDeviceHandleByIndex" })
        {
            FakeCndev.Missing.Add(name);
            Assert.Equal((name, VendorFault.Refused), Assert.Throws<VendorException>(() => _library.Open("libcndev.so")) is var fault ? (fault.Call, fault.Fault) : default);
            FakeCndev.Missing.Clear();
        }
        FakeCndev.Missing.UnionWith(["cndevGetUUID", "cndevGetCardNameStringByDevId", "cndevGetCardName", "cndevGetCardSN", "cndevDeviceGetMinorNumber", "cndevGetMemoryUsageV2", "cndevGetVersionInfo",
            "cndevGetMLULinkPortNumber", "cndevTopologyGetRelationship", "cndevGetMimMode", "cndevGetSMLUMode", "cndevGetCardHealthStateV2", "cndevEventWait", "cndevGetProcessInfo", "cndevDeviceGetFieldValues",
            "cndevRelease", "cndevGetNUMANodeIdByDevId", "cndevGetLibVersion"]);
        _library.Open("libcndev.so");
        var devices = Describe(4);

        Assert.Equal(("0000:02:00.0", "unknown MLU", "cambricon_dev1"), (devices[1].Id, devices[1].Model, devices[1].NodeName));
        Assert.Equal(Reading.Of(1), Sample(1)["health"]); // by the older call
        Assert.Equal(Reading.Absent, Sample(1)["incident_mlulink_down"]);
        Assert.Empty(_library.Partitions(1));
        Assert.False(_library.WaitEvent(TimeSpan.FromMilliseconds(20), out _));
        Assert.Equal(Reading.Absent, Sample(1)["last_xid"]);
    }

    [Fact]
    public void A_library_of_another_version_is_refused_by_name()
    {
        FakeCndev.Version = 5;

        var fault = Assert.Throws<VendorException>(() => _library.Open("libcndev.so"));

        Assert.Equal((VendorFault.Refused, (int)CndevReturn.UnsupportedApiVersion), (fault.Fault, fault.Status));
        Assert.Contains("does not know version 6 of its interface", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CndevReturn.NoDriver, VendorFault.Absent)]
    [InlineData(CndevReturn.LowDriverVersion, VendorFault.Refused)]
    [InlineData(CndevReturn.NoPermission, VendorFault.Refused)]
    [InlineData(CndevReturn.Timeout, VendorFault.Transient)]
    [InlineData((CndevReturn)4242, VendorFault.Transient)]
    internal void What_the_driver_answers_at_the_start_says_what_to_do(CndevReturn status, VendorFault expected)
    {
        FakeCndev.InitStatus = status;

        Assert.Equal(expected, Assert.Throws<VendorException>(() => _library.Open("libcndev.so")).Fault);
    }

    [Fact]
    public void Garbage_in_every_answer_is_unknown_or_absent_and_never_a_crash()
    {
        _library.Open("libcndev.so");
        Describe(4);
        FakeCndev.IsGarbage = true;

        var readings = Sample(0);
        Assert.All(readings.Values.Where(reading => reading.IsPresent), reading => Assert.True(double.IsFinite(reading.Value)));
        foreach (var field in new[] { "utilization_ratio", "memory_total_bytes", "power_watts", "health", "incident_dbe_violation", "retired_pages_double_bit_total", "ecc_volatile_uncorrected_total", "row_remap_failed", "compute_processes" })
            Assert.Equal((field, ReadingState.Unknown), (field, readings[field].State));
        Assert.Empty(_library.Partitions(0));
        Assert.Equal(VendorFault.Transient, Assert.Throws<VendorException>(() => _library.Describe(1)).Fault); // neither a UUID nor an address
    }

    [Fact]
    public void An_answer_that_fills_nothing_in_is_no_board_and_gets_no_other_boards_node()
    {
        FakeCndev.Empty = 2;
        _library.Open("libcndev.so");
        Describe(2);

        Assert.Contains("neither a usable UUID nor a PCI address", Assert.Throws<VendorException>(() => _library.Describe(2)).Message, StringComparison.Ordinal);
        Assert.Equal("cambricon_dev3", _library.Describe(3).NodeName);
    }

    [Fact]
    public void A_board_with_anothers_node_is_left_out()
    {
        FakeCndev.MinorLie = 1;
        _library.Open("libcndev.so");
        _library.Describe(1);

        Assert.Contains("its node is cambricon_dev1, which is that of MLU-00000001", Assert.Throws<VendorException>(() => _library.Describe(2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Twins_and_unusable_UUIDs_go_by_their_address_and_it_is_said_once()
    {
        FakeCndev.Boards[1].Uuid = FakeCndev.Boards[0].Uuid;
        FakeCndev.Boards[2].Uuid = "line\nfeed \"x\"";
        FakeCndev.Boards[3].Uuid = "";
        _library.Open("libcndev.so");

        Describe(4);
        Assert.Equal(["MLU-00000000-1111-2222-3333-444444444444", "0000:02:00.0", "0000:03:00.0", "0000:04:00.0"], Describe(4).Select(device => device.Id));
        Assert.Equal(3, _notes.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void More_boards_than_a_node_can_have_are_not_believed()
    {
        FakeCndev.CountLie = uint.MaxValue;

        Assert.Equal(1024, _library.Open("libcndev.so").DeviceCount);
        Assert.Equal(VendorFault.DeviceLost, Assert.Throws<VendorException>(() => _library.Describe(4)).Fault);
    }

    [Fact]
    public void A_lost_board_is_looked_up_by_its_address_when_it_is_back_and_the_others_go_on()
    {
        _library.Open("libcndev.so");
        Describe(4);
        FakeCndev.Boards[1].Status = CndevReturn.InProblem;

        Assert.Equal(VendorFault.DeviceLost, Assert.Throws<VendorException>(() => Sample(1)).Fault);
        Assert.Equal(0.37, Sample(2)["utilization_ratio"].Value);
        FakeCndev.Boards[1].Status = CndevReturn.Success;
        FakeCndev.Boards[1].Utilization = 5;
        Assert.Equal(0.05, Sample(1)["utilization_ratio"].Value);
    }

    [Fact]
    public void Boards_that_are_divided_list_their_instances()
    {
        (FakeCndev.Boards[0].IsMim, FakeCndev.Boards[1].IsSmlu) = (true, true);
        FakeCndev.Boards[0].Mim.AddRange([("2m.8gb", "aaaaaaaa-0000-0000-0000-000000000001"), ("1m+4gb", "aaaaaaaa-0000-0000-0000-000000000001")]);
        FakeCndev.Boards[1].Smlu.Add(("10m.4gb", "bbbbbbbb-0000-0000-0000-000000000001"));
        _library.Open("libcndev.so");
        var boards = Describe(4);

        var mim = _library.Partitions(0);
        Assert.Equal((CambriconTraits.Mim, CambriconTraits.Smlu), (boards[0].Traits[CambriconTraits.Division], boards[1].Traits[CambriconTraits.Division]));
        Assert.Equal(["MLU-aaaaaaaa-0000-0000-0000-000000000001", "0000:01:00.0-mi2"], mim.Select(part => part.Id)); // twins
        Assert.Equal(["cambricon.com/mlu.mim-2m.8gb", "cambricon.com/mlu.mim-1m-4gb"], mim.Select(part => part.ResourceName));
        Assert.Equal(["cambricon_dev0", "cambricon-caps/cap_dev0_mi1", "cambricon_ipcm0"], mim[0].DeviceNodes);
        Assert.Equal(["cambricon_dev0", "cambricon-caps/cap_dev0_mi2"], mim[1].DeviceNodes); // a path that leaves /dev is left out
        Assert.All(mim, part => Assert.True(part is { IsHeldBack: true, MemoryBytes: 8L << 30 }));

        var part = Assert.Single(_library.Partitions(1));
        var readings = new Reading[_library.Fields.Count];
        _library.SamplePartition(1, part, readings);
        Assert.Equal(("cambricon.com/mlu.smlu-10m.4gb", 4L << 30), (part.ResourceName, part.MemoryBytes));
        Assert.Equal((Reading.Of(0.12), Reading.Of(1L << 30)), (readings[_library.Fields["utilization_ratio"]], readings[_library.Fields["memory_used_bytes"]]));
        Assert.Empty(_library.Partitions(2));
    }

    [Fact]
    public void More_instances_than_there_is_room_for_are_asked_for_again()
    {
        FakeCndev.Boards[0].IsSmlu = true;
        FakeCndev.Boards[0].Smlu.AddRange(Enumerable.Range(0, 100).Select(number => ("1m.1gb", $"cccccccc-0000-0000-0000-{number:d12}")));
        _library.Open("libcndev.so");
        _library.Describe(0);

        Assert.Equal(100, _library.Partitions(0).DistinctBy(part => part.Id).Count());
    }

    [Fact]
    public void An_Xid_comes_with_its_board_or_the_instance_it_is_about()
    {
        FakeCndev.Boards[0].IsMim = true;
        FakeCndev.Boards[0].Mim.Add(("2m.8gb", "aaaaaaaa-0000-0000-0000-000000000001"));
        FakeCndev.Events.Enqueue((2, 2, 9, uint.MaxValue)); // of no known type
        FakeCndev.Events.Enqueue((3, 1, 0xfedcba9876543210, uint.MaxValue));
        FakeCndev.Events.Enqueue((0, 1, 5, 1));
        _library.Open("libcndev.so");
        var devices = Describe(4);
        _library.Partitions(0);

        Assert.True(_library.WaitEvent(TimeSpan.FromSeconds(10), out var first));
        Assert.True(_library.WaitEvent(TimeSpan.FromSeconds(10), out var second));
        Assert.False(_library.WaitEvent(TimeSpan.FromMilliseconds(20), out _));

        Assert.Equal(new VendorEvent(devices[3].Id, "xid", unchecked((long)0xfedcba9876543210), null), first);
        Assert.Equal(new VendorEvent("MLU-aaaaaaaa-0000-0000-0000-000000000001", "xid", 5, "instance 1"), second);
        Assert.Equal((5, 0), (Sample(0)["last_xid"].Value, Sample(1)["last_xid"].Value));
    }

    [Fact]
    public void It_can_be_closed_and_opened_again()
    {
        _library.Open("libcndev.so");
        Describe(4);
        _library.Dispose();
        Assert.Equal(1, FakeCndev.Released);

        Assert.Equal(4, _library.Open("libcndev.so").DeviceCount);
        Assert.Throws<InvalidOperationException>(() => Sample(0)); // not described since
    }

    [Fact]
    public void A_file_that_is_not_there_is_absent_and_one_that_is_another_library_is_refused()
    {
        using var real = new CambriconLibrary(TimeProvider.System, _notes);

        Assert.Equal(VendorFault.Absent, Assert.Throws<VendorException>(() => real.Open("libcndev-that-is-nowhere.so")).Fault);
        Assert.Contains("it is not CNDEV", Assert.Throws<VendorException>(() => real.Open("libc.so.6")).Message, StringComparison.Ordinal);
    }

    private Device[] Describe(int count) => [.. Enumerable.Range(0, count).Select(_library.Describe)];

    private Dictionary<string, Reading> Sample(int index)
    {
        var readings = new Reading[_library.Fields.Count];
        _library.Sample(index, readings);
        return _library.Fields.Fields.Select((field, place) => (field.Name, readings[place])).ToDictionary();
    }
}
