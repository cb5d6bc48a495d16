using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Google.Protobuf;

namespace AIInfra.Grpc.Wire;

/// <summary>The one encoding besides identity that is spoken here.</summary>
internal static class Gzip
{
    public const string Name = "gzip";
    /// <summary>The value of <c>grpc-accept-encoding</c>.</summary>
    public const string Accepted = "identity,gzip";
    private const int ChunkBytes = 16 << 10, SizeBytes = 4;

    /// <summary>Stops as soon as more than <paramref name="maxBytes"/> come out, so that a small message cannot fill the memory.</summary>
    public static ReadOnlySequence<byte> Inflate(ReadOnlySequence<byte> compressed, int maxBytes)
    {
        if (compressed.Length < SizeBytes)
            throw Broken(null);

        var output = new ArrayBufferWriter<byte>();
        using var inflater = new GZipStream(PipeReader.Create(compressed).AsStream(), CompressionMode.Decompress);
        try
        {
            while (inflater.Read(output.GetSpan(ChunkBytes)) is var bytes and > 0)
            {
                output.Advance(bytes);
                if (output.WrittenCount > maxBytes)
                    throw new GrpcException(GrpcStatus.ResourceExhausted, $"A message of {compressed.Length} compressed bytes inflates to more than the {maxBytes} that are accepted.");
            }
        }
        catch (InvalidDataException fault)
        {
            throw Broken(fault);
        }
        return PlainSize(compressed) == (uint)output.WrittenCount ? new ReadOnlySequence<byte>(output.WrittenMemory) : throw Broken(null);
    }

    /// <summary>Into a buffer of its own: the length stands before the bytes on the wire.</summary>
    public static ReadOnlyMemory<byte> Deflate(IMessage message)
    {
        using var output = new MemoryStream();
        using (var deflater = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
            message.WriteTo(deflater);
        return output.GetBuffer().AsMemory(0, (int)output.Length);
    }

    /// <summary>The size that gzip ends with. The stream takes a cut-off input for its end, so this is what tells.</summary>
    /// <remarks>Source: RFC 1952, section 2.3, ISIZE.</remarks>
    private static uint PlainSize(ReadOnlySequence<byte> compressed)
    {
        Span<byte> size = stackalloc byte[SizeBytes];
        compressed.Slice(compressed.Length - SizeBytes).CopyTo(size);
        return BinaryPrimitives.ReadUInt32LittleEndian(size);
    }

    private static GrpcException Broken(Exception? fault) =>
        new(GrpcStatus.Internal, "A message is marked as compressed with gzip, but cannot be inflated.", fault);
}
