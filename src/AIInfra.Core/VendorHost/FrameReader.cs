using System.Buffers.Binary;
using System.Text;

namespace AIInfra.Core.VendorHost;

/// <summary>Takes the payload of a frame apart, in the order it was written. What is missing, too long or out of range is a <see cref="FormatException"/>.</summary>
internal ref struct FrameReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    internal readonly bool IsAtEnd => _rest.IsEmpty;

    internal byte Byte() => Take(1)[0];

    /// <summary>A byte that stands for one of a few things.</summary>
    internal byte Choice(byte most) => Byte() is var value && value <= most ? value : throw new FormatException($"A choice of 0 to {most} is {value}.");

    internal bool Flag() => Choice(1) == 1;

    internal ushort Int16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    internal int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    internal long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    internal double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    internal string? TextOrNull()
    {
        var bytes = Int32();
        return bytes == -1 ? null : Encoding.UTF8.GetString(Take(bytes));
    }

    internal string Text() => TextOrNull() ?? throw new FormatException("A text is missing.");

    /// <summary>How many entries follow, each at least <paramref name="leastBytes"/> long: a number that cannot fit is refused before anything is made.</summary>
    internal int Count(int leastBytes)
    {
        var count = Int32();
        return count >= 0 && count <= _rest.Length / leastBytes ? count : throw new FormatException($"A list says it has {count} entries.");
    }

    /// <summary>The same; null for -1.</summary>
    internal int? CountOrNull(int leastBytes)
    {
        if (_rest.Length < sizeof(int) || BinaryPrimitives.ReadInt32LittleEndian(_rest) != -1)
            return Count(leastBytes);
        Int32();
        return null;
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes < 0 || bytes > _rest.Length)
            throw new FormatException($"A frame ends {bytes - _rest.Length} bytes early.");
        var taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}
