using System.Buffers.Binary;

namespace AIInfra.Core.VendorHost;

/// <summary>What a frame is. Values are part of the protocol; a change of meaning raises <see cref="Frame.Protocol"/>.</summary>
internal enum FrameKind : byte
{
    /// <summary>Child, first frame: protocol (u16), program version (text). The layout of this frame never changes.</summary>
    Hello = 1,
    /// <summary>Parent: the library's path (text). Answer: <see cref="LibraryInfo"/>, then the path of the mapped file (text or null).</summary>
    Open = 2,
    /// <summary>Parent: index (i32). Answer: a device, the number of its partitions (i32, -1 when it does not say), and those.</summary>
    Describe = 3,
    /// <summary>Parent: index (i32). Answer: a state (u8) and, when present, a value (f64) for each field of the table; the number of its processes
    /// (i32), for each its id (i32) and memory (i64, -1 when unknown); whether its partitions are others than were described (u8); the number of
    /// partitions (i32); for each its id, whether it answered (u8), and if so its readings and processes.</summary>
    Sample = 4,
    /// <summary>Parent: start telling events. Answer: empty.</summary>
    Listen = 5,
    /// <summary>Parent: how many boards now? Answer: i32, -1 when the library cannot tell.</summary>
    Count = 6,
    /// <summary>Child, unasked: a device event. Its request number is 0.</summary>
    Event = 7,
    /// <summary>Child, in place of an answer: a <see cref="VendorException"/>.</summary>
    Fault = 8,
    /// <summary>Parent: the PCI address (text) of a board that is reset. Answer: empty, when it is over.</summary>
    Reset = 9,
}

/// <summary>One message on the socket: length of what follows (u32), kind (u8), number of the request it belongs to (u32), payload. Little endian.</summary>
internal static class Frame
{
    internal const ushort Protocol = 4;
    internal const int HeaderBytes = 9;
    /// <summary>Upper bound of a whole frame. The largest real one, the readings of a board and seven partitions, is near 8 KiB.</summary>
    internal const int MostBytes = 1 << 20;

    private const int LengthBytes = 4;

    /// <summary>Writes the header in front of a payload that was written behind <see cref="HeaderBytes"/> free bytes.</summary>
    internal static void Seal(Span<byte> frame, FrameKind kind, uint request)
    {
        if (frame.Length > MostBytes)
            throw new FormatException($"A {kind} frame of {frame.Length} bytes is over the limit of {MostBytes}.");
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)(frame.Length - LengthBytes));
        frame[4] = (byte)kind;
        BinaryPrimitives.WriteUInt32LittleEndian(frame[5..], request);
    }

    /// <summary>Length of the payload that follows this header.</summary>
    /// <exception cref="FormatException">The header is none: the other side is not a vendor host, or its stream is broken.</exception>
    internal static int ReadHeader(ReadOnlySpan<byte> header, out FrameKind kind, out uint request)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        kind = (FrameKind)header[4];
        request = BinaryPrimitives.ReadUInt32LittleEndian(header[5..]);
        if (length < HeaderBytes - LengthBytes || length > MostBytes - LengthBytes || kind is < FrameKind.Hello or > FrameKind.Reset)
            throw new FormatException($"Not a frame of the vendor host: kind {(byte)kind}, length {length}.");
        return (int)length - (HeaderBytes - LengthBytes);
    }
}
