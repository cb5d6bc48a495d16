using System.Buffers.Binary;
using System.Text;

namespace AIInfra.Core.VendorHost;

/// <summary>Builds frames in one buffer that is kept and grows as needed. Not for two threads.</summary>
internal sealed class FrameWriter
{
    private byte[] _buffer = new byte[512];
    private int _length = Frame.HeaderBytes;

    internal FrameWriter Byte(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    internal FrameWriter Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    internal FrameWriter Int16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Room(sizeof(ushort)), value);
        return this;
    }

    internal FrameWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Room(sizeof(int)), value);
        return this;
    }

    internal FrameWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(sizeof(long)), value);
        return this;
    }

    internal FrameWriter Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(Room(sizeof(double)), value);
        return this;
    }

    /// <summary>Length in bytes (i32, -1 for null), then UTF-8.</summary>
    internal FrameWriter Text(string? value)
    {
        if (value is null)
            return Int32(-1);
        var bytes = Encoding.UTF8.GetByteCount(value);
        Int32(bytes);
        Encoding.UTF8.GetBytes(value, Room(bytes));
        return this;
    }

    /// <summary>The finished frame, valid until the next call; the writer is then empty again.</summary>
    internal ReadOnlySpan<byte> Seal(FrameKind kind, uint request)
    {
        var frame = _buffer.AsSpan(0, _length);
        Clear();
        Frame.Seal(frame, kind, request);
        return frame;
    }

    /// <summary>Forgets what was written of an unfinished frame.</summary>
    internal void Clear() => _length = Frame.HeaderBytes;

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _length < bytes)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + bytes));
        _length += bytes;
        return _buffer.AsSpan(_length - bytes, bytes);
    }
}
