using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using AIInfra.Grpc.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AIInfra.UnitTests.Grpc;

/// <summary>Frames written by hand, and read by the reader under test.</summary>
internal static class Frames
{
    public const int Limit = 4096;

    public static byte[] Of(byte[] payload, byte flag = 0, uint? length = null)
    {
        var frame = new byte[Frame.PrefixBytes + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)payload.Length);
        payload.CopyTo(frame, Frame.PrefixBytes);
        return frame;
    }

    public static byte[] Message(string text) => new StringValue { Value = text }.ToByteArray();

    public static byte[] Gzipped(byte[] plain)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.SmallestSize))
            gzip.Write(plain);
        return output.ToArray();
    }

    /// <summary>All messages of a stream that arrives as these pieces.</summary>
    public static async Task<List<string>> ReadAsync(IEnumerable<byte[]> pieces, bool gzip = false)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var reader = new FrameReader(pipe.Reader, Limit, gzip);
        var reading = ReadAllAsync(reader);
        foreach (var piece in pieces)
            await pipe.Writer.WriteAsync(piece);
        await pipe.Writer.CompleteAsync();
        return await reading.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static async Task<List<string>> ReadAllAsync(FrameReader reader)
    {
        var messages = new List<string>();
        while (await reader.ReadAsync(StringValue.Parser, CancellationToken.None) is { } message)
            messages.Add(message.Value);
        return messages;
    }
}
