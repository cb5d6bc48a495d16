using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>The state of the kernel's clock, adjtimex(2).</summary>
/// <param name="IsSynchronized">False also when nobody has set it since the boot.</param>
/// <param name="Offset">What is still to be corrected.</param>
/// <param name="LargestError">How far off it can be; grows while nobody sets it.</param>
public sealed partial record KernelClock(bool IsSynchronized, TimeSpan Offset, TimeSpan LargestError)
{
    // struct timex of 64-bit systems, 208 bytes: modes u32 at 0, offset i64 at 8, maximum error i64 (us) at 24, status i32 at 40
    private const int StructBytes = 208, OffsetAt = 8, LargestErrorAt = 24, StatusAt = 40;
    private const int Unsynchronized = 0x40, Nanoseconds = 0x2000, ErrorState = 5;

    /// <summary>Null when the kernel refuses.</summary>
    public static KernelClock? Read()
    {
        Span<byte> fields = stackalloc byte[StructBytes];
        fields.Clear(); // modes 0: nothing is changed
        var state = AdjustTime(fields);
        return state < 0 ? null : Parse(fields, state);
    }

    internal static KernelClock Parse(ReadOnlySpan<byte> fields, int state)
    {
        var status = BinaryPrimitives.ReadInt32LittleEndian(fields[StatusAt..]);
        var offset = BinaryPrimitives.ReadInt64LittleEndian(fields[OffsetAt..]);
        return new KernelClock(
            (status & Unsynchronized) == 0 && state != ErrorState,
            (status & Nanoseconds) != 0 ? new TimeSpan(offset / 100) : TimeSpan.FromMicroseconds(offset),
            TimeSpan.FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(fields[LargestErrorAt..])));
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int AdjustTime(Span<byte> fields);
}
