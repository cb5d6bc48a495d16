using System.Runtime.InteropServices;

namespace AIInfra.Linux.Files;

/// <summary>What a path leads to, behind links.</summary>
public static partial class FileKind
{
    public const string Regular = "a regular file", Folder = "a folder", Pipe = "a FIFO", Socket = "a socket", Device = "a device", Nothing = "nothing";

    private const int CurrentFolder = -100, ModeAt = 28, MayExecute = 1;
    private const uint WantType = 1;

    /// <summary>One of the words above. Never waits for the other end of a FIFO.</summary>
    public static string Of(string path)
    {
        Span<byte> answer = stackalloc byte[256];
        if (StatX(CurrentFolder, path, 0, WantType, answer) != 0)
            return Nothing;
        return (MemoryMarshal.Read<ushort>(answer[ModeAt..]) & 0xF000) switch
        {
            0x8000 => Regular,
            0x4000 => Folder,
            0x1000 => Pipe,
            0xC000 => Socket,
            _ => Device,
        };
    }

    /// <summary>Whether this process may run it.</summary>
    public static bool IsExecutable(string path) => Access(path, MayExecute) == 0;

    /// <summary>See statx(2). Its layout is the same on every architecture: 256 bytes, the mode at 28.</summary>
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> answer);

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Access(string path, int mode);
}
