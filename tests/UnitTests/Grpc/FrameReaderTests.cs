using System.Buffers;
using AIInfra.Grpc;
using AIInfra.Grpc.Wire;
using Google.Protobuf.WellKnownTypes;

namespace AIInfra.UnitTests.Grpc;

public sealed class FrameReaderTests
{
    [Fact]
    public async Task A_stream_reads_the_same_however_it_is_split()
    {
        byte[] stream = [.. Frames.Of(Frames.Message("one")), .. Frames.Of([]), .. Frames.Of(Frames.Gzipped(Frames.Message("three")), flag: 1)];

        Assert.Equal(["one", "", "three"], await Frames.ReadAsync(stream.Select(single => new[] { single }), gzip: true));
        for (var split = 0; split <= stream.Length; split++)
            Assert.Equal(["one", "", "three"], await Frames.ReadAsync([stream[..split], stream[split..]], gzip: true));
    }

    [Fact]
    public async Task A_stream_cut_off_inside_a_message_is_an_error_at_every_byte()
    {
        var stream = Frames.Of(Frames.Message("cut"));

        for (var length = 1; length < stream.Length; length++)
            Assert.Equal(GrpcStatus.Internal, (await FailsAsync([stream[..length]])).Status);
        Assert.Empty(await Frames.ReadAsync([[]]));
    }

    [Theory]
    [InlineData(Frames.Limit + 1u)]
    [InlineData(0x80000000u)]
    [InlineData(uint.MaxValue)]
    public async Task A_prefix_over_the_limit_is_refused_before_the_rest_arrives(uint length)
    {
        var fault = await FailsAsync([Frames.Of([], length: length)]);

        Assert.Equal(GrpcStatus.ResourceExhausted, fault.Status);
        Assert.Contains($"{length}", fault.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_of_exactly_the_limit_is_read()
    {
        var text = new string('x', Frames.Limit - 3); // a tag and two bytes of length before it

        Assert.Equal([text], await Frames.ReadAsync([Frames.Of(Frames.Message(text))]));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(255, true)]
    [InlineData(1, false)]
    public async Task A_flag_that_cannot_be_meant_is_refused(byte flag, bool gzip) =>
        Assert.Equal(GrpcStatus.Internal, (await FailsAsync([Frames.Of(Frames.Message("x"), flag)], gzip)).Status);

    [Fact]
    public async Task A_message_that_inflates_beyond_the_limit_is_stopped_there()
    {
        var bomb = Frames.Gzipped(new byte[100 << 20]);
        var layered = bomb[..Math.Min(bomb.Length, Frames.Limit)];
        var before = GC.GetTotalAllocatedBytes();

        var fault = await FailsAsync([Frames.Of(layered, flag: 1)], gzip: true);

        Assert.Equal(GrpcStatus.ResourceExhausted, fault.Status);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 8 << 20);
    }

    [Fact]
    public async Task What_claims_to_be_gzip_and_is_not_is_refused()
    {
        var whole = Frames.Gzipped(Frames.Message("hello"));

        foreach (var payload in new[] { [], [1, 2, 3], whole[..^9], whole[..5] })
            Assert.Equal(GrpcStatus.Internal, (await FailsAsync([Frames.Of(payload, flag: 1)], gzip: true)).Status);
    }

    [Fact]
    public async Task A_payload_that_is_no_message_is_refused_and_names_the_type()
    {
        var fault = await FailsAsync([Frames.Of([0xFF, 0xFF])]);

        Assert.Equal(GrpcStatus.Internal, fault.Status);
        Assert.Contains("StringValue", fault.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_writer_writes_the_reader_reads(bool gzip)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new FrameWriter(Frames.Limit, gzip);
        foreach (var text in new[] { "one", "", new string('x', 1000) })
            writer.Write(output, new StringValue { Value = text });

        Assert.Equal(["one", "", new string('x', 1000)], await Frames.ReadAsync([output.WrittenMemory.ToArray()], gzip));
    }

    [Fact]
    public void A_message_over_the_senders_limit_writes_nothing()
    {
        var output = new ArrayBufferWriter<byte>();

        var fault = Assert.Throws<GrpcException>(() => new FrameWriter(10, gzip: false).Write(output, new StringValue { Value = "twelve bytes" }));

        Assert.Equal(GrpcStatus.ResourceExhausted, fault.Status);
        Assert.Equal(0, output.WrittenCount);
    }

    private static Task<GrpcException> FailsAsync(IEnumerable<byte[]> pieces, bool gzip = false) =>
        Assert.ThrowsAsync<GrpcException>(() => Frames.ReadAsync(pieces, gzip));
}
