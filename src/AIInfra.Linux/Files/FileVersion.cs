using System.Buffers.Binary;

namespace AIInfra.Linux.Files;

/// <summary>Which file a path leads to, and which version of it. Two looks that differ mean the file was replaced or rewritten.</summary>
public readonly record struct FileVersion(ulong Device, ulong Inode, long ModifiedSeconds, uint ModifiedNanoseconds, ulong Bytes)
{
    private const int CurrentFolder = -100;
    private const uint BasicStats = 0x7ff;

    /// <summary>Follows links. Null when there is no such file, or it cannot be looked at.</summary>
    /// <remarks>Layout of struct statx: uapi/linux/stat.h, the same on every architecture.</remarks>
    public static FileVersion? Of(string path)
    {
        Span<byte> raw = stackalloc byte[256];
        if (Processes.Libc.StatX(CurrentFolder, path, 0, BasicStats, raw) != 0)
            return null;
        return new FileVersion(
            BinaryPrimitives.ReadUInt64LittleEndian(raw[136..]),
            BinaryPrimitives.ReadUInt64LittleEndian(raw[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(raw[112..]),
            BinaryPrimitives.ReadUInt32LittleEndian(raw[120..]),
            BinaryPrimitives.ReadUInt64LittleEndian(raw[40..]));
    }
}
