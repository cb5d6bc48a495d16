using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Ascend;

namespace AIInfra.UnitTests.Vendors.Ascend;

[Collection(FakeDcmi.Collection)]
public sealed class AscendLibraryTests
{
    private readonly StringWriter _notes = new();

    private (AscendLibrary Library, LibraryInfo Info) Open()
    {
        var library = new AscendLibrary(_ => FakeDcmi.Exports(), _notes);
        return (library, library.Open("libdcmi.so"));
    }

    private static Device[] DescribeAll(AscendLibrary library, int count) => [.. Enumerable.Range(0, count).Select(library.Describe)];

    private static Reading[] Sample(AscendLibrary library, int index)
    {
        var readings = new Reading[library.Fields.Count];
        library.Sample(index, readings);
        return readings;
    }

    private static Reading Of(Reading[] readings, string field) => readings[AscendFields.Table[field]];

    [Theory]
    [InlineData(0), InlineData(1), InlineData(16), InlineData(64)]
    public void Any_number_of_cards_is_counted_and_described_with_ids_of_their_own(int cards)
    {
        FakeDcmi.Reset(cards);
        var (library, info) = Open();

        var devices = DescribeAll(library, cards);

        Assert.Equal((cards, "24.1.0", false), (info.DeviceCount, info.LibraryVersion, info.IsSimulated));
        Assert.Equal(cards, devices.DistinctBy(device => device.Id).Count());
        Assert.Equal(devices.Select((_, index) => $"davinci{index}"), devices.Select(device => device.NodeName));
        Assert.Equal(cards, library.CountDevices());
    }

    [Fact]
    public void A_chip_says_what_and_where_it_is()
    {
        FakeDcmi.Reset(2);
        var device = Open().Library.Describe(1);

        Assert.Equal(("00000002-20E0B0D4-11111111-22222222-33333333", "Ascend 910B3", "huawei.com/Ascend910", "0000:02:00.0"), (device.Id, device.Model, device.ResourceName, device.PciAddress));
        Assert.Equal(64L << 30, device.MemoryBytes);
        Assert.Equal(["davinci1", "davinci_manager", "devmm_svm", "hisi_hdc"], device.DeviceNodes);
        Assert.Equal(("910B", "910B3", "1", "0", "1", "20", "0x34"), (device.Traits["family"], device.Traits["chip"], device.Traits["card"], device.Traits["chip-of-card"], device.Traits["phy-id"], device.Traits["ai-cores"], device.Traits["board-id"]));
    }

    [Theory]
    [InlineData("910", 0xd801, "910", "Ascend910")]
    [InlineData("910A", 0xd801, "910", "Ascend910")]
    [InlineData("910ProB", 0xd801, "910", "Ascend910")]
    [InlineData("910B", 0xd801, "910", "Ascend910")] // a variant of the first generation
    [InlineData("910B4", 0xd802, "910B", "Ascend910")]
    [InlineData("Ascend910_9392", 0xd803, "910_93", "Ascend910")]
    [InlineData("310P3", 0xd500, "310P", "Ascend310P")]
    [InlineData("310B1", 0xd107, "310B", "Ascend310B")]
    [InlineData("310", 0xd100, "310", "Ascend310")]
    [InlineData("", 0xd500, "310P", "Ascend310P")] // only the bus says
    [InlineData("950PR", 0xd900, "950PR", "npu")]
    public void The_family_follows_from_what_the_chip_calls_itself(string name, int pciDevice, string family, string type)
    {
        FakeDcmi.Reset(1, name, (uint)pciDevice);
        var device = Open().Library.Describe(0);

        Assert.Equal((family, $"huawei.com/{type}"), (device.Traits["family"], device.ResourceName));
    }

    [Fact]
    public void Readings_are_in_base_units()
    {
        FakeDcmi.Reset(1);
        FakeDcmi.Chip(0).Codes.AddRange([0x80E01801, 0x8C2FA009]);
        var (library, _) = Open();
        DescribeAll(library, 1);

        var now = Sample(library, 0);

        Assert.Equal(
            [0.55, 0.4, 0.12, 0.14, 65536.0 * 1048576, 16384.0 * 1048576, 0.07, 48, 45, 123.4, 0.85, 1.65e9, 1.8e9, 1.6e9, 0, 1, 30, 4, 1, 1 << 30, 3, 5, 2, 0x80E01801, 0x8C2FA009],
            new[]
            {
                "utilization_ratio", "aicore_utilization_ratio", "vector_utilization_ratio", "cube_utilization_ratio", "memory_total_bytes", "memory_used_bytes", "memory_bandwidth_utilization_ratio",
                "memory_temperature_celsius", "temperature_celsius", "power_watts", "voltage_volts", "aicore_clock_hertz", "aicore_clock_max_hertz", "memory_clock_hertz", "health", "ecc_volatile_uncorrected_total",
                "ecc_aggregate_corrected_total", "retired_pages_single_bit_total", "compute_processes", "compute_process_memory_bytes", "hccs_crc_errors_total", "hccs_retries_total", "error_codes", "error_code_0", "error_code_1",
            }.Select(field => Math.Round(Of(now, field).Value, 6)));
        Assert.Equal(1000, Of(now, "hccs_sent_1_total").Value);
        Assert.Equal(ReadingState.Absent, Of(now, "hccs_sent_0_total").State);
        Assert.Equal(ReadingState.Absent, Of(now, "error_code_2").State);
        Assert.Equal(ReadingState.Absent, Of(now, "ddr_total_bytes").State);
        Assert.Equal([new DeviceProcess(4242, 1 << 30)], library.Processes(0, null));
    }

    [Fact]
    public void Chips_of_the_first_generation_are_joined_in_rings_of_four()
    {
        FakeDcmi.Reset(8, "910A", 0xd801);
        var (library, _) = Open();
        DescribeAll(library, 8);

        var links = library.Describe(5).Links.Where(link => link.Kind == LinkKind.Direct).Select(link => link.PeerId[..8]).ToArray();

        Assert.Equal(["00000005", "00000007", "00000008"], links);
    }

    [Fact]
    public void Chips_of_the_second_generation_are_joined_each_to_each_and_inference_boards_to_none()
    {
        FakeDcmi.Reset(8);
        var (library, _) = Open();
        DescribeAll(library, 8);
        Assert.Equal(7, library.Describe(0).Links.Count(link => link is { Kind: LinkKind.Direct, Count: 1 }));

        FakeDcmi.Reset(8);
        foreach (var card in FakeDcmi.Cards)
            card[0].Board = 0x28;
        (library, _) = Open();
        DescribeAll(library, 8);
        Assert.Empty(library.Describe(0).Links);
    }

    [Fact]
    public void The_chips_of_one_card_are_near_each_other_and_may_share_its_place_on_the_bus()
    {
        FakeDcmi.Reset(2, "310P3", 0xd500, chipsOfCard: 2);
        var (library, _) = Open();
        var devices = DescribeAll(library, 4);

        Assert.Equal(["0000:01:00.0", "0000:01:00.0", "0000:02:00.0", "0000:02:00.0"], devices.Select(device => device.PciAddress));
        Assert.Equal(4, devices.DistinctBy(device => device.Id).Count());
        Assert.Equal([new DeviceLink(devices[0].Id, LinkKind.SameBoard, 0)], devices[1].Links);
        Assert.Empty(devices[2].Links);
    }

    [Fact]
    public void Virtual_NPUs_are_listed_with_their_sizes_and_read()
    {
        FakeDcmi.Reset(1, "910A", 0xd801);
        FakeDcmi.Chip(0).Parts.AddRange([(100, "vir02", 2), (101, "vir04_3c_ndvpp", 4), (102, "", 8)]);
        var (library, _) = Open();
        DescribeAll(library, 1);

        var parts = library.Partitions(0);
        var readings = new Reading[library.Fields.Count];
        library.SamplePartition(0, parts[0], readings);

        Assert.Equal(["huawei.com/Ascend910-2c", "huawei.com/Ascend910-4c.3cpu.ndvpp", "huawei.com/Ascend910-8c"], parts.Select(part => part.ResourceName));
        Assert.Equal(["vdavinci100", "vdavinci101", "vdavinci102"], parts.Select(part => part.NodeName));
        Assert.All(parts, part => Assert.True(part.IsHeldBack && part.Id.Length <= 63));
        Assert.Equal((0.25, 8.0 * (1 << 30), 2.0 * (1 << 30)), (Of(readings, "utilization_ratio").Value, Of(readings, "memory_total_bytes").Value, Of(readings, "memory_used_bytes").Value));
        Assert.Equal(ReadingState.Absent, Of(readings, "temperature_celsius").State);
    }

    [Fact]
    public void Faults_are_told_with_the_chip_they_are_on()
    {
        FakeDcmi.Reset(2);
        var (library, _) = Open();
        var devices = DescribeAll(library, 2);
        Assert.False(library.WaitEvent(TimeSpan.FromMilliseconds(1), out _)); // subscribes

        FakeDcmi.Tell(1, 0x81078603, assertion: 1);
        FakeDcmi.Tell(1, 0x81078603, assertion: 0);
        FakeDcmi.Tell(9, 0x80E01801, assertion: 2, severity: 3);

        Assert.Equal([(devices[1].Id, "fault-raised", 0x81078603, 2), (devices[1].Id, "fault-recovered", 0x81078603, 2), (null, "fault-once", 0x80E01801u, 3)],
            Enumerable.Range(0, 3).Select(_ =>
            {
                Assert.True(library.WaitEvent(TimeSpan.FromSeconds(10), out var happened));
                var (code, severity) = AscendEvent.Parse(happened.Value);
                return (happened.DeviceId, happened.Kind, code, severity);
            }));
    }

    [Fact]
    public void The_second_generation_of_the_interface_is_used_where_it_is_there()
    {
        FakeDcmi.Reset(2, "Ascend910_9392", 0xd803);
        FakeDcmi.IsNewer = true;
        var (library, info) = Open();
        var devices = DescribeAll(library, 2);

        Assert.Equal((2, null), (info.DeviceCount, info.LibraryVersion));
        Assert.Equal(["npu-0", "npu-1"], devices.Select(device => device.Id)); // neither die nor bus is told
        Assert.Equal(51, Of(Sample(library, 1), "temperature_celsius").Value);
    }

    [Theory]
    [InlineData("dcmi_init"), InlineData("dcmi_get_card_list"), InlineData("dcmi_get_device_num_in_card")]
    public void Without_what_nothing_works_without_the_library_is_refused_by_name(string symbol)
    {
        FakeDcmi.Reset(1);
        FakeDcmi.Missing.Add(symbol);

        var fault = Assert.Throws<VendorException>(() => Open());

        Assert.Equal((symbol, VendorFault.Refused), (fault.Call, fault.Fault));
    }

    [Fact]
    public void Every_other_function_may_be_missing_and_narrows_what_is_told()
    {
        FakeDcmi.Reset(2);
        foreach (var symbol in typeof(FakeDcmi).GetField("First", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetValue(null) is Dictionary<string, nint> all ? all.Keys.ToArray() : [])
        {
            if (symbol is "dcmi_init" or "dcmi_get_card_list" or "dcmi_get_device_num_in_card" or "dcmi_get_device_logic_id" or "dcmi_get_device_phyid_from_logicid")
                continue;
            FakeDcmi.Missing.Clear();
            FakeDcmi.Missing.Add(symbol);
            var (library, _) = Open();
            DescribeAll(library, 2);
            Assert.DoesNotContain(Sample(library, 1), reading => reading.State == ReadingState.Unknown);
        }
    }

    [Fact]
    public void Success_with_empty_buffers_is_said_and_believed_in_nothing()
    {
        FakeDcmi.Reset(2);
        FakeDcmi.IsEmpty = true;
        var fault = Assert.Throws<VendorException>(() => Open()); // a count, and a list of nothing
        Assert.Equal(("dcmi_get_card_list", VendorFault.Transient), (fault.Call, fault.Fault));

        FakeDcmi.IsEmpty = false;
        var (library, _) = Open();
        DescribeAll(library, 2);
        FakeDcmi.IsEmpty = true;

        var now = Sample(library, 1);
        Assert.Equal(ReadingState.Unknown, Of(now, "error_codes").State); // three codes, and none of them there
        Assert.Equal(ReadingState.Unknown, Of(now, "memory_total_bytes").State);
        Assert.Equal(ReadingState.Unknown, Of(now, "temperature_celsius").State); // nothing was filled in
        var nameless = Assert.Throws<VendorException>(() => library.Describe(1));
        Assert.Contains("card 1 chip 0 says neither what it is nor where", nameless.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Garbage_becomes_unknown_and_never_a_number()
    {
        FakeDcmi.Reset(2);
        var (library, _) = Open();
        DescribeAll(library, 2);
        FakeDcmi.IsGarbage = true;

        var now = Sample(library, 1);

        Assert.All(now.Where(reading => reading.IsPresent), reading => Assert.True(double.IsFinite(reading.Value)));
        foreach (var field in new[] { "temperature_celsius", "power_watts", "utilization_ratio", "memory_total_bytes", "error_codes", "voltage_volts", "ecc_volatile_corrected_total" })
            Assert.Equal((field, ReadingState.Unknown), (field, Of(now, field).State));
        Assert.Throws<VendorException>(() => library.Partitions(1)); // those known of it stay
    }

    [Theory]
    [InlineData(-1), InlineData(65), InlineData(int.MaxValue)]
    public void A_count_that_cannot_be_is_refused(int count)
    {
        FakeDcmi.Reset(2);
        FakeDcmi.CountLie = count;

        Assert.Contains("is not usable", Assert.Throws<VendorException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)DcmiReturn.NoDevice, VendorFault.DeviceLost)]
    [InlineData((int)DcmiReturn.InvalidDevice, VendorFault.DeviceLost)]
    [InlineData((int)DcmiReturn.NotReady, VendorFault.Transient)]
    [InlineData((int)DcmiReturn.Receive, VendorFault.Transient)]
    [InlineData((int)DcmiReturn.Permission, VendorFault.Refused)]
    public void A_chip_that_does_not_answer_leaves_the_others(int status, VendorFault expected)
    {
        FakeDcmi.Reset(2);
        var (library, _) = Open();
        DescribeAll(library, 2);
        FakeDcmi.Chip(0).Status = status;

        Assert.Equal(expected, Assert.Throws<VendorException>(() => Sample(library, 0)).Fault);
        Assert.Equal(45, Of(Sample(library, 1), "temperature_celsius").Value);
    }

    [Fact]
    public void A_chip_whose_health_is_the_value_for_absent_is_lost()
    {
        FakeDcmi.Reset(1);
        var (library, _) = Open();
        DescribeAll(library, 1);
        FakeDcmi.Chip(0).Health = uint.MaxValue;

        Assert.Equal(VendorFault.DeviceLost, Assert.Throws<VendorException>(() => Sample(library, 0)).Fault);
    }

    [Fact]
    public void The_second_of_two_chips_with_one_die_id_goes_by_its_place_on_the_bus_and_with_one_node_is_left_out()
    {
        FakeDcmi.Reset(2);
        FakeDcmi.Chip(1).Die = FakeDcmi.Chip(0).Die;
        var devices = DescribeAll(Open().Library, 2);
        Assert.Equal(("00000001-20E0B0D4-11111111-22222222-33333333", "0000:02:00.0-0"), (devices[0].Id, devices[1].Id));
        Assert.Contains("says the id of another one", _notes.ToString(), StringComparison.Ordinal);

        FakeDcmi.Chip(1).Phy = 0;
        var (library, _) = Open();
        library.Describe(0);
        Assert.Contains("/dev/davinci0 is its own, which is that of card 0 chip 0", Assert.Throws<VendorException>(() => library.Describe(1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)DcmiReturn.Permission, VendorFault.Refused)]
    [InlineData((int)DcmiReturn.NotReady, VendorFault.Transient)]
    [InlineData((int)DcmiReturn.Internal, VendorFault.Transient)]
    public void A_driver_that_refuses_at_the_start_says_what_to_do(int status, VendorFault expected)
    {
        FakeDcmi.Reset(1);
        FakeDcmi.InitStatus = status;

        Assert.Equal(("dcmi_init", expected), (Assert.Throws<VendorException>(() => Open()).Call, Assert.Throws<VendorException>(() => Open()).Fault));
    }

    [Fact]
    public void A_library_that_is_not_there_is_absent()
    {
        var library = new AscendLibrary(DcmiLibrary.Search.Load, _notes);

        var fault = Assert.Throws<VendorException>(() => library.Open("libdcmi-is-not-here.so"));

        Assert.Equal(VendorFault.Absent, fault.Fault);
        Assert.Contains("the Ascend driver is not installed", fault.Message, StringComparison.Ordinal);
    }
}
