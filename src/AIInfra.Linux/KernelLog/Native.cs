using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.KernelLog;

/// <summary>The calls of the C library that reading the log needs. Status codes stop at this folder.</summary>
internal static partial class Native
{
    internal const int Interrupted = 4, Again = 11, NotPermitted = 1, AccessDenied = 13, NotThere = 2, Invalid = 22, BrokenPipe = 32; // EINTR, EAGAIN, EPERM, EACCES, ENOENT, EINVAL, EPIPE
    internal const int ReadOnly = 0, NonBlocking = 0x800, CloseOnExec = 0x80000;
    internal const short Readable = 1;
    internal const uint Modified = 2, Attributes = 4, DeletedSelf = 0x400, MovedSelf = 0x800;

    /// <summary>Negative, with the error number kept, when it fails. -1 is no valid handle either.</summary>
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle file, Span<byte> buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> buffer, nint count);

    /// <summary>See setpriority(2): on Linux it is of one thread, and 0 is the calling one.</summary>
    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    internal static partial int SetPriority(int which, uint who, int nice);

    /// <summary>A counter that is readable while it is above zero, see eventfd(2).</summary>
    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial SafeFileHandle EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    internal static partial SafeFileHandle InotifyInit(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int InotifyAdd(SafeFileHandle inotify, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Span<PollEntry> entries, nuint count, int timeoutMilliseconds);

    /// <summary>See statx(2). Its layout is the same on every architecture: 256 bytes, the mode at 28.</summary>
    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> answer);

    /// <summary>True for a regular file, also behind a link; false for anything else and for nothing.</summary>
    internal static bool IsRegular(string path)
    {
        const int CurrentFolder = -100, ModeAt = 28;
        const uint WantType = 1;
        Span<byte> answer = stackalloc byte[256];
        return StatX(CurrentFolder, path, 0, WantType, answer) == 0 && (MemoryMarshal.Read<ushort>(answer[ModeAt..]) & 0xF000) == 0x8000; // S_IFMT, S_IFREG
    }

    /// <summary>Waits until one of the two can be read, or the time is over.</summary>
    internal static void WaitReadable(SafeFileHandle first, SafeFileHandle? second, int timeoutMilliseconds)
    {
        Span<PollEntry> entries = [Entry(first), second is null ? default : Entry(second)];
        if (Poll(entries[..(second is null ? 1 : 2)], second is null ? 1u : 2u, timeoutMilliseconds) < 0
            && Marshal.GetLastPInvokeError() is var error and not Interrupted)
            throw new IOException($"Waiting for the kernel log failed: {Marshal.GetPInvokeErrorMessage(error)}.");
    }

    internal static bool IsReadable(SafeFileHandle file)
    {
        Span<PollEntry> entries = [Entry(file)];
        return Poll(entries, 1, 0) > 0;
    }

    private static PollEntry Entry(SafeFileHandle file) => new() { Descriptor = (int)file.DangerousGetHandle(), Events = Readable };

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}
