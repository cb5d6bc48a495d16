using System.Runtime.InteropServices;

namespace AIInfra.Linux.Files;

/// <summary>Which file a name stands for: another one under the same name has another identity.</summary>
/// <param name="Inode">Alone it does not tell: file systems give a freed number to the next file.</param>
/// <param name="Seconds">When the file was made, or, where the file system does not keep that, when its inode last changed; Unix time.</param>
/// <param name="Nanoseconds">Of the same moment.</param>
public readonly partial record struct FileIdentity(ulong Inode, long Seconds, uint Nanoseconds)
{
    private const int CurrentFolder = -100, NoFollow = 0x100;
    private const uint WantInode = 0x100, WantChanged = 0x80, WantBorn = 0x800;

    /// <summary>Null when there is no such file, or when it cannot be looked at.</summary>
    public static unsafe FileIdentity? TryRead(string path)
    {
        Answer answer;
        if (StatX(CurrentFolder, path, NoFollow, WantInode | WantChanged | WantBorn, &answer) != 0)
            return null;
        var moment = (answer.Mask & WantBorn) != 0 ? answer.Born : answer.Changed;
        return new FileIdentity(answer.Inode, moment.Seconds, moment.Nanoseconds);
    }

    /// <summary>See statx(2). Its layout is the same on every architecture.</summary>
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, Answer* answer);

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Answer
    {
        [FieldOffset(0)] public uint Mask;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(80)] public Moment Born;
        [FieldOffset(96)] public Moment Changed;
    }

    [StructLayout(LayoutKind.Explicit, Size = 16)]
    private struct Moment
    {
        [FieldOffset(0)] public long Seconds;
        [FieldOffset(8)] public uint Nanoseconds;
    }
}
