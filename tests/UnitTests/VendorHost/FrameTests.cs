using System.Buffers.Binary;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.VendorHost;

public sealed class FrameTests
{
    private static readonly Device Full = new()
    {
        Id = "GPU-1",
        Vendor = "acme",
        Model = "Ähnlich 80GB",
        ResourceName = "acme.com/gpu",
        Index = 3,
        NodeName = "acme3",
        PciAddress = "0000:3b:00.0",
        Serial = "",
        NumaNode = 1,
        MemoryBytes = 85_899_345_920,
        ParentId = "GPU-0",
        Partition = new DevicePartition("1g.10gb", 3, 0) { Number = 2 },
        IsHeldBack = true,
        Firmware = ImmutableSortedDictionary<string, string>.Empty.Add("vbios", "96.00.5F").Add("inforom", ""),
        Traits = ImmutableSortedDictionary<string, string>.Empty.Add("compute", "9.0"),
        DeviceNodes = ["acme3", "acme-caps/c1"],
        Links = [new DeviceLink("GPU-2", LinkKind.Direct, 18), new DeviceLink("GPU-7", LinkKind.System, 0)],
    };

    [Fact]
    public void A_device_arrives_with_every_property_it_left_with()
    {
        Assert.Equivalent(Full, SendDevice(Full), strict: true);
    }

    [Fact]
    public void What_a_device_lacks_arrives_as_lacking()
    {
        var bare = new Device { Id = "x", Vendor = "acme", Model = "", ResourceName = "acme.com/gpu" };

        Assert.Equivalent(bare, SendDevice(bare), strict: true);
    }

    [Fact]
    public void Readings_arrive_in_their_states_and_to_the_last_bit()
    {
        Reading[] sent = [Reading.Of(0.1), Reading.Absent, Reading.Unknown, Reading.Of(double.MaxValue), Reading.Of(-0.0)];
        var writer = new FrameWriter();
        writer.WriteReadings(sent);
        var got = new Reading[sent.Length];

        var reader = Payload(writer.Seal(FrameKind.Sample, 7));
        reader.ReadReadings(got);

        Assert.Equal(sent, got);
    }

    [Fact]
    public void A_board_arrives_with_its_partitions_or_without_word_of_them()
    {
        var writer = new FrameWriter();
        writer.WriteBoard(Full, [Full with { Id = "MIG-1" }, Full with { Id = "MIG-2", Partition = new DevicePartition("1", 1, null) }]);
        var reader = Payload(writer.Seal(FrameKind.Describe, 1));
        Assert.Equal([("MIG-1", 0), ("MIG-2", null)], reader.ReadBoard().Partitions?.Select(one => (one.Id, one.Partition?.SubInstance)));

        writer.WriteBoard(Full, null);
        reader = Payload(writer.Seal(FrameKind.Describe, 1));
        Assert.Null(reader.ReadBoard().Partitions);
        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void A_sample_arrives_with_those_of_its_partitions()
    {
        var writer = new FrameWriter();
        writer.WriteReadings([Reading.Of(1), Reading.Absent]);
        writer.WriteProcesses([new DeviceProcess(4242, 1L << 40), new DeviceProcess(7, null)]);
        writer.Flag(true).Int32(2);
        writer.WritePartition("MIG-1", [Reading.Unknown, Reading.Of(2)], [new DeviceProcess(7, 0)]);
        writer.WritePartition("MIG-2", [], null);
        var readings = new Reading[2];

        var reader = Payload(writer.Seal(FrameKind.Sample, 1));
        var sampled = reader.ReadSample(readings);

        Assert.Equal([Reading.Of(1), Reading.Absent], readings);
        Assert.Equal([new DeviceProcess(4242, 1L << 40), new DeviceProcess(7, null)], sampled.Processes);
        Assert.Equal([new DeviceProcess(7, 0)], sampled.Partitions[0].Processes);
        Assert.True(sampled.ArePartitionsOthers);
        Assert.Equal([("MIG-1", true), ("MIG-2", false)], sampled.Partitions.Select(one => (one.Id, one.Readings is not null)));
        Assert.Equal([Reading.Unknown, Reading.Of(2)], sampled.Partitions[0].Readings!);
    }

    [Fact]
    public void A_fault_and_an_event_arrive_whole()
    {
        var writer = new FrameWriter();
        writer.WriteFault(new VendorException("acmeInit", 9, VendorFault.Refused, "no permission"));
        var reader = Payload(writer.Seal(FrameKind.Fault, 1));
        var fault = reader.ReadFault();
        Assert.Equal(("acmeInit", 9, VendorFault.Refused, "no permission"), (fault.Call, fault.Status, fault.Fault, fault.Explanation));

        writer.WriteEvent(new VendorEvent(null, "xid", 79, "gi 3 ci 0"));
        reader = Payload(writer.Seal(FrameKind.Event, 0));
        Assert.Equal(new VendorEvent(null, "xid", 79, "gi 3 ci 0"), reader.ReadEvent());
    }

    [Fact]
    public void An_unfinished_frame_leaves_nothing_in_the_next_one()
    {
        var writer = new FrameWriter();
        writer.Text("half of something").Clear();

        Assert.Equal(Frame.HeaderBytes + 4, writer.Int32(5).Seal(FrameKind.Count, 1).Length);
    }

    [Theory]
    [InlineData(4, 4)] // shorter than a header
    [InlineData(Frame.MostBytes, 4)]
    [InlineData(-1, 4)]
    [InlineData(100, 0)]
    [InlineData(100, 10)]
    public void A_header_that_cannot_be_is_refused_before_anything_is_made(int length, byte kind)
    {
        var header = new byte[Frame.HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header, length);
        header[4] = kind;

        Assert.Throws<FormatException>(() => Frame.ReadHeader(header, out _, out _));
    }

    [Fact]
    public void A_frame_over_the_limit_is_not_sent()
    {
        var writer = new FrameWriter().Text(new string('x', Frame.MostBytes));

        Assert.Throws<FormatException>(() => _ = writer.Seal(FrameKind.Open, 1).Length);
    }

    [Fact]
    public void Any_bytes_are_either_an_answer_or_a_format_error() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), IsAnswerOrFormatError).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_cut_of_a_device_is_a_format_error()
    {
        var writer = new FrameWriter();
        writer.WriteDevice(Full);
        var payload = writer.Seal(FrameKind.Describe, 1)[Frame.HeaderBytes..].ToArray();

        for (var length = 0; length < payload.Length; length++)
        {
            var cut = payload[..length];
            Assert.Throws<FormatException>(() => ReadDevice(cut));
        }
    }

    private static bool IsAnswerOrFormatError(byte[] bytes)
    {
        Action<byte[]>[] readers = [payload => ReadDevice(payload), payload => Sampled(payload), payload => Board(payload), payload => Info(payload), payload => Fault(payload), payload => Readings(payload)];
        foreach (var read in readers)
        {
            try
            {
                read(bytes);
            }
            catch (FormatException)
            {
                // The one way to be wrong.
            }
        }
        return true;

        static void Board(byte[] payload)
        {
            var reader = new FrameReader(payload);
            reader.ReadBoard();
        }

        static void Sampled(byte[] payload)
        {
            var reader = new FrameReader(payload);
            reader.ReadSample(new Reading[1]);
        }

        static void Info(byte[] payload)
        {
            var reader = new FrameReader(payload);
            reader.ReadInfo();
        }

        static void Fault(byte[] payload)
        {
            var reader = new FrameReader(payload);
            reader.ReadFault();
        }

        static void Readings(byte[] payload)
        {
            var reader = new FrameReader(payload);
            reader.ReadReadings(new Reading[3]);
        }
    }

    private static Device SendDevice(Device device)
    {
        var writer = new FrameWriter();
        writer.WriteDevice(device);
        var reader = Payload(writer.Seal(FrameKind.Describe, 7));
        var got = reader.ReadDevice();
        Assert.True(reader.IsAtEnd);
        return got;
    }

    private static Device ReadDevice(byte[] payload)
    {
        var reader = new FrameReader(payload);
        return reader.ReadDevice();
    }

    private static FrameReader Payload(ReadOnlySpan<byte> frame)
    {
        Assert.Equal(frame.Length - Frame.HeaderBytes, Frame.ReadHeader(frame, out _, out _));
        return new FrameReader(frame[Frame.HeaderBytes..]);
    }
}
