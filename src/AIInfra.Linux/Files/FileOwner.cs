using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.Files;

/// <summary>Whose a file is. What root makes in the folder of a service is to be the service's: it could not read it otherwise.</summary>
public static partial class FileOwner
{
    private const int CurrentFolder = -100, UserAt = 20, GroupAt = 24, ReadOnly = 0, FolderOnly = 0x10000, NoFollow = 0x20000, CloseOnExec = 0x80000;
    private const uint WantOwner = 0x8 | 0x10;

    /// <summary>Gives a file to the owner and the group of a folder. Does nothing where this process is not root's, or the folder is root's.</summary>
    /// <param name="file">Made by this process: a handle, so that the folder's owner cannot put another file in its place.</param>
    /// <exception cref="IOException">It stays root's.</exception>
    public static void Follow(SafeFileHandle file, string folder)
    {
        if (!Environment.IsPrivilegedProcess)
            return;
        Span<byte> answer = stackalloc byte[256];
        if (StatX(CurrentFolder, folder, 0, WantOwner, answer) != 0)
            throw Failure($"The owner of {folder} cannot be read");
        var (user, group) = (MemoryMarshal.Read<uint>(answer[UserAt..]), MemoryMarshal.Read<uint>(answer[GroupAt..]));
        if (user != 0 && FChown(file, user, group) != 0)
            throw Failure($"A file in {folder} cannot be given to the folder's owner (user {user})");
    }

    /// <summary>The same for a folder that this process has just made.</summary>
    /// <exception cref="IOException">It stays root's.</exception>
    public static void FollowParent(string folder)
    {
        if (!Environment.IsPrivilegedProcess || Path.GetDirectoryName(Path.GetFullPath(folder)) is not { } parent)
            return;
        using var made = Open(folder, ReadOnly | FolderOnly | NoFollow | CloseOnExec);
        if (made.IsInvalid)
            throw Failure($"{folder} cannot be opened");
        Follow(made, parent);
    }

    private static IOException Failure(string what) => new($"{what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");

    /// <summary>See statx(2). Its layout is the same on every architecture: 256 bytes, user and group at 20 and 24.</summary>
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> answer);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int FChown(SafeFileHandle file, uint user, uint group);
}
