using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>Two connected stream sockets without a name, closed on exec.</summary>
internal static class SocketPair
{
    private const int UnixFamily = 1, Stream = 1, CloseOnExec = 0x80000;

    /// <exception cref="Win32Exception">No descriptor is left, see socketpair(2).</exception>
    internal static (SafeSocketHandle Ours, SafeSocketHandle Theirs) Open()
    {
        Span<int> ends = stackalloc int[2];
        if (Libc.SocketPair(UnixFamily, Stream | CloseOnExec, 0, ends) != 0)
            throw Libc.Failure("socketpair", Marshal.GetLastPInvokeError());
        return (new SafeSocketHandle(ends[0], ownsHandle: true), new SafeSocketHandle(ends[1], ownsHandle: true));
    }
}
