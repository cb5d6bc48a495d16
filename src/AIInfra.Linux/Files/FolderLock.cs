using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.Files;

/// <summary>An exclusive lock on a folder, without a file in it: see flock(2). The kernel frees it with the process, however that ends.
/// On a file system without locks everybody gets it. It is between those who take this lock, on whatever path and in whatever container they see the folder.</summary>
public sealed partial class FolderLock : IDisposable
{
    private const int ReadOnly = 0, CloseOnExec = 0x80000, Exclusive = 2, NonBlocking = 4, WouldBlock = 11; // EWOULDBLOCK

    private readonly SafeFileHandle _folder;

    private FolderLock(SafeFileHandle folder) => _folder = folder;

    /// <returns>Null when another one holds it.</returns>
    /// <exception cref="IOException">There is no such folder, or it cannot be opened.</exception>
    public static FolderLock? TryTake(string path)
    {
        var folder = Open(path, ReadOnly | CloseOnExec);
        if (folder.IsInvalid)
            throw new IOException($"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        if (Flock(folder, Exclusive | NonBlocking) == 0)
            return new FolderLock(folder);
        if (Marshal.GetLastPInvokeError() != WouldBlock)
            return new FolderLock(folder); // this file system knows no locks
        folder.Dispose();
        return null;
    }

    public void Dispose() => _folder.Dispose();

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);
}
