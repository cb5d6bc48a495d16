using System.Diagnostics;
using System.Globalization;
using AIInfra.Grpc;

namespace AIInfra.UnitTests.Grpc;

/// <summary>Hostile streams for as long as <c>AIINFRA_FUZZ_SECONDS</c> says, 3 s by default. A failing seed is in the message.</summary>
[Trait("Kind", "Fuzz")]
public sealed class FrameReaderFuzz
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("AIINFRA_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 3);

    [Fact]
    public async Task Any_bytes_end_in_messages_or_in_a_status_and_the_same_however_they_are_split()
    {
        var first = Environment.TickCount;
        var clock = Stopwatch.StartNew();
        for (var seed = first; clock.Elapsed < Budget; seed++)
        {
            var random = new Random(seed);
            var stream = Stream(random);
            var gzip = random.Next(2) == 0;

            var whole = await OutcomeAsync([stream], gzip, seed);
            var pieces = await OutcomeAsync(Split(stream, random), gzip, seed);

            Assert.True(whole == pieces, $"Seed {seed}: whole: {whole}; in pieces: {pieces}");
        }
    }

    private static byte[] Stream(Random random)
    {
        var stream = new List<byte>();
        for (var frames = random.Next(1, 5); frames > 0; frames--)
            stream.AddRange(random.Next(8) switch
            {
                0 => Bytes(random, random.Next(40)),
                1 => Frames.Of(Bytes(random, random.Next(60))), // rarely a message
                2 => Frames.Of(Frames.Message("m"), flag: 1), // a lie about compression
                3 => Frames.Of(Frames.Message("m"), length: (uint)random.NextInt64(uint.MaxValue)), // a lie about the length
                4 => Mutated(random, Frames.Of(Frames.Gzipped(Frames.Message("compressed")), flag: 1)),
                5 => Frames.Of(Frames.Gzipped(new byte[random.Next(3 * Frames.Limit)]), flag: 1), // beyond the limit, at times
                _ => Frames.Of(Frames.Message(new string('x', random.Next(300)))),
            });
        return random.Next(4) == 0 ? [.. stream.Take(random.Next(stream.Count))] : [.. stream];
    }

    private static byte[] Mutated(Random random, byte[] frame)
    {
        frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
        return frame;
    }

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static List<byte[]> Split(byte[] stream, Random random)
    {
        var pieces = new List<byte[]>();
        for (var at = 0; at < stream.Length;)
        {
            var next = Math.Min(stream.Length, at + random.Next(1, 1 + random.Next(1, 30)));
            pieces.Add(stream[at..next]);
            at = next;
        }
        return pieces;
    }

    /// <summary>The text of the outcome. Only a status may be thrown.</summary>
    private static async Task<string> OutcomeAsync(IEnumerable<byte[]> pieces, bool gzip, int seed)
    {
        try
        {
            return string.Join('|', await Frames.ReadAsync(pieces, gzip));
        }
        catch (GrpcException fault)
        {
            return fault.Status.ToString();
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException($"Seed {seed} made the reader throw {fault.GetType().Name}: {fault.Message}", fault);
        }
    }
}
