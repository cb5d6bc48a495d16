using System.ComponentModel;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>The few calls of the C library that processes need. Status codes are left to the callers.</summary>
internal static partial class Libc
{
    internal const int Interrupted = 4; // EINTR

    internal static Win32Exception Failure(string what, int error) => new(error, $"{what}: {Marshal.GetPInvokeErrorMessage(error)}");

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    internal static partial int SocketPair(int domain, int type, int protocol, Span<int> ends);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int id, out int status, int options);

    /// <summary>True when a child has ended, or is none of ours; it is not reaped by this.</summary>
    internal static bool HasEnded(int id)
    {
        const int OfProcess = 1, NoHang = 1, Exited = 4, NoWait = 0x1000000, IdAt = 16; // waitid(2); siginfo_t of 64-bit systems
        Span<byte> information = stackalloc byte[128];
        information.Clear();
        return WaitId(OfProcess, id, information, NoHang | Exited | NoWait) != 0 ? Marshal.GetLastPInvokeError() != Interrupted
            : MemoryMarshal.Read<int>(information[IdAt..]) != 0;
    }

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int kind, int id, Span<byte> information, int options);

    [LibraryImport("libc", EntryPoint = "umask")]
    internal static partial uint SetMask(uint mask);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int id, int signal);

    /// <summary>pidfd_open(2), which C libraries before 2.36 have no name for. Negative where the kernel (before 5.3) does not know it.</summary>
    internal static long PidFd(int id)
    {
        const long Number = 434; // the same on every architecture
        return SystemCall(Number, id, 0);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long first, long second);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, Span<byte> buffer, nint count);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(int descriptor, ReadOnlySpan<byte> buffer, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(ref PollEntry entries, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    internal static partial int DescriptorFlags(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "signal")]
    internal static partial nint Signal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "_exit")]
    internal static partial void ExitNow(int code);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> result);

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}
