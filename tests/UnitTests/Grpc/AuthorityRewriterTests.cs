using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using AIInfra.Grpc.Hpack;
using AIInfra.Grpc.Server;

namespace AIInfra.UnitTests.Grpc;

public sealed class AuthorityRewriterTests
{
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    private static readonly byte[] Settings = Frame(4, 0, 0, []);
    private const byte EndStream = 1, EndHeaders = 4, Padded = 8, Priority = 32;

    [Theory]
    [InlineData("localhost")]
    [InlineData("node-1.example:443")]
    [InlineData("")]
    public void A_host_name_is_left_alone_and_nothing_is_looked_at_after_it(string authority)
    {
        byte[] stream = [.. Preface, .. Settings, .. Frame(1, EndHeaders, 1, Block(authority)), .. Frame(0, EndStream, 1, [1, 2, 3])];

        var (output, done, rest) = Copy([stream]);

        Assert.True(done);
        Assert.Equal(stream, output.Concat(rest));
    }

    [Fact]
    public void A_path_becomes_localhost_in_every_call_and_all_else_stays()
    {
        byte[] stream =
        [
            .. Preface, .. Settings, .. Frame(1, EndHeaders, 1, Block("%2Frun%2Fx")), .. Frame(0, EndStream, 1, [1, 2, 3]),
            .. Frame(1, EndHeaders | EndStream, 3, Block("localhost")),
        ];
        byte[] expected =
        [
            .. Preface, .. Settings, .. Frame(1, EndHeaders, 1, Block("localhost")), .. Frame(0, EndStream, 1, [1, 2, 3]),
            .. Frame(1, EndHeaders | EndStream, 3, Block("localhost")),
        ];

        foreach (var split in Enumerable.Range(0, stream.Length))
        {
            var (output, done, rest) = Copy([stream[..split], stream[split..]]);

            Assert.False(done);
            Assert.Empty(rest);
            Assert.Equal(expected, output);
        }
    }

    [Fact]
    public void Padding_priority_and_continuations_are_understood()
    {
        var block = Block("/run/x");
        byte[] stream =
        [
            .. Preface, .. Frame(1, Padded | Priority, 1, [3, 0, 0, 0, 0, 16, .. block[..4], 0, 0, 0]), .. Frame(9, 0, 1, block[4..9]), .. Frame(9, EndHeaders, 1, block[9..]),
        ];

        byte[] expected = [.. Preface, .. Frame(1, EndHeaders, 1, Block("localhost"))];
        Assert.Equal(expected, Copy([stream]).Output);
    }

    [Fact]
    public void A_block_larger_than_a_frame_is_continued()
    {
        var output = Copy([[.. Preface, .. Frame(1, 0, 1, Block("/x")), .. Frame(9, 0, 1, Long(16_000)), .. Frame(9, EndHeaders, 1, Long(16_000))]]).Output;

        var head = output.AsSpan(Preface.Length);
        Assert.Equal((16384, (byte)1, (byte)0), (Length(head), head[3], head[4]));
        head = head[(9 + 16384)..];
        Assert.Equal(((byte)9, EndHeaders), (head[3], head[4]));
        Assert.Equal(Length(head) + 9, head.Length);

        static byte[] Long(int bytes)
        {
            var field = new ArrayBufferWriter<byte>();
            HpackEncoder.Encode(field, [new([(byte)'x'], new byte[bytes])]);
            return field.WrittenSpan.ToArray();
        }
    }

    [Fact]
    [Trait("Kind", "Fuzz")]
    public void Any_bytes_are_copied_or_refused()
    {
        var budget = TimeSpan.FromSeconds(double.TryParse(Environment.GetEnvironmentVariable("AIINFRA_FUZZ_SECONDS"), out var seconds) ? seconds : 3);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var seed = Environment.TickCount; clock.Elapsed < budget; seed++)
        {
            var random = new Random(seed);
            byte[] stream = [.. Preface, .. Settings, .. Frame(1, EndHeaders, 1, Block("/x")), .. Frame((byte)random.Next(11), (byte)random.Next(256), 1, Block("a")), .. new byte[random.Next(40)]];
            for (var flips = random.Next(1, 8); flips > 0; flips--)
                stream[random.Next(Preface.Length, stream.Length)] ^= (byte)(1 << random.Next(8));
            var cut = random.Next(stream.Length);

            var whole = Outcome([stream]);
            var pieces = Outcome([stream[..cut], stream[cut..]]);

            Assert.True(whole.SequenceEqual(pieces), $"Seed {seed}");
        }

        static byte[] Outcome(byte[][] pieces)
        {
            try
            {
                var (output, _, rest) = Copy(pieces);
                return [.. output, .. rest];
            }
            catch (InvalidDataException)
            {
                return [];
            }
        }
    }

    private static (byte[] Output, bool Done, byte[] Left) Copy(byte[][] pieces)
    {
        var rewriter = new AuthorityRewriter();
        var output = new ArrayBufferWriter<byte>();
        byte[] rest = [];
        foreach (var piece in pieces)
        {
            var input = new ReadOnlySequence<byte>([.. rest, .. piece]);
            if (!rewriter.IsDone)
                rewriter.Copy(ref input, output);
            rest = input.ToArray();
        }
        return (output.WrittenSpan.ToArray(), rewriter.IsDone, rest);
    }

    private static byte[] Block(string authority)
    {
        var block = new ArrayBufferWriter<byte>();
        HpackEncoder.Encode(block, [new(":path"u8.ToArray(), "/a/b"u8.ToArray()), new(":authority"u8.ToArray(), Encoding.ASCII.GetBytes(authority))]);
        return block.WrittenSpan.ToArray();
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static int Length(ReadOnlySpan<byte> head) => (head[0] << 16) | (head[1] << 8) | head[2];
}
