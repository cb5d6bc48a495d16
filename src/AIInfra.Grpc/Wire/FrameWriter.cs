using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace AIInfra.Grpc.Wire;

/// <summary>Writes the messages of one stream straight into the transport's buffers. Flushing is the caller's.</summary>
/// <param name="maxBytes">Of one message before compression; larger ones are refused, for the peer would end the stream over them.</param>
internal readonly struct FrameWriter(int maxBytes, bool gzip)
{
    /// <exception cref="GrpcException"><see cref="GrpcStatus.ResourceExhausted"/>: too large; nothing was written.</exception>
    public void Write(IBufferWriter<byte> output, IMessage message)
    {
        var size = message.CalculateSize();
        if (size > maxBytes)
            throw new GrpcException(GrpcStatus.ResourceExhausted, $"A {message.GetType().Name} of {size} bytes cannot be sent; the limit is {maxBytes}.");

        if (gzip && size > 0)
        {
            var compressed = Gzip.Deflate(message);
            WritePrefix(output, flag: 1, compressed.Length);
            output.Write(compressed.Span);
        }
        else
        {
            WritePrefix(output, flag: 0, size);
            message.WriteTo(output);
        }
    }

    private static void WritePrefix(IBufferWriter<byte> output, byte flag, int length)
    {
        var prefix = output.GetSpan(Frame.PrefixBytes);
        prefix[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)length);
        output.Advance(Frame.PrefixBytes);
    }
}
