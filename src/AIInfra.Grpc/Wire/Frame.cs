using System.Buffers;
using System.Buffers.Binary;

namespace AIInfra.Grpc.Wire;

/// <summary>One length-prefixed message: a compression flag, four bytes of length (big-endian), the payload.</summary>
/// <remarks>Source: grpc/grpc doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message".</remarks>
internal readonly record struct Frame(bool Compressed, ReadOnlySequence<byte> Payload)
{
    public const int PrefixBytes = 5;

    /// <summary>Takes the first frame off the front of <paramref name="buffer"/>.</summary>
    /// <param name="maxBytes">Held against the prefix, so that nothing is waited for or allocated on behalf of a lie.</param>
    /// <param name="mayBeCompressed">False when the stream named no encoding: a set flag is then a broken peer.</param>
    /// <returns>False: more bytes are needed.</returns>
    /// <exception cref="GrpcException">Too large, or not a frame.</exception>
    public static bool TryTake(ref ReadOnlySequence<byte> buffer, int maxBytes, bool mayBeCompressed, out Frame frame)
    {
        frame = default;
        if (buffer.Length < PrefixBytes)
            return false;

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        buffer.Slice(0, PrefixBytes).CopyTo(prefix);
        var flag = prefix[0];
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);

        if (flag > 1)
            throw new GrpcException(GrpcStatus.Internal, $"A message starts with the compression flag {flag}; only 0 and 1 exist.");
        if (flag == 1 && !mayBeCompressed)
            throw new GrpcException(GrpcStatus.Internal, "A message is marked as compressed, but the stream named no grpc-encoding.");
        if (length > (uint)maxBytes)
            throw TooLarge(length, maxBytes);
        if (buffer.Length < PrefixBytes + length)
            return false;

        frame = new Frame(flag == 1, buffer.Slice(PrefixBytes, length));
        buffer = buffer.Slice(PrefixBytes + length);
        return true;
    }

    public static GrpcException TooLarge(long bytes, int maxBytes) =>
        new(GrpcStatus.ResourceExhausted, $"A message of {bytes} bytes came in; at most {maxBytes} are accepted.");
}
