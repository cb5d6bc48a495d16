using System.Runtime.InteropServices;

namespace AIInfra.Linux.Files;

/// <summary>How full a file system is, statvfs(3).</summary>
/// <param name="Available">Blocks that ordinary processes may still take.</param>
/// <param name="Files">Inodes there are; 0 where they are made as needed.</param>
public readonly record struct FileSystemUse(long BlockBytes, long Blocks, long Available, long Files, long FilesFree)
{
    public long Bytes => BlockBytes * Blocks;
    public long BytesAvailable => BlockBytes * Available;
}

/// <summary>Asks a file system. Blocks until it answers: never for what may be remote, except in a process that may hang.</summary>
public static partial class FileSystem
{
    /// <returns>0, or the error number.</returns>
    public static unsafe int Ask(string folder, out FileSystemUse use)
    {
        // struct statvfs of 64-bit systems: block size, fragment size, blocks, free, available, files, files free, ... each 8 bytes
        var fields = stackalloc ulong[32];
        if (StatVfs(folder, fields) != 0)
        {
            use = default;
            return Marshal.GetLastPInvokeError();
        }
        use = new FileSystemUse((long)fields[1], (long)fields[2], (long)fields[4], (long)fields[5], (long)fields[6]);
        return 0;
    }

    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);

    [LibraryImport("libc", EntryPoint = "statvfs", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial int StatVfs(string folder, ulong* result);
}
