using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>The child's end of what <see cref="ChildProcess"/> makes: descriptor 3, with blocking calls and no more memory than they need.</summary>
public static class ParentSocket
{
    private const int GetDescriptorFlags = 1, NoSignal = 0x4000;
    private const short PeerClosed = 0x2000, HungUp = 0x10; // POLLRDHUP, POLLHUP
    private const int SignalHangUp = 1, SignalInterrupt = 2, SignalTerminate = 15;
    private const nint Ignore = 1;

    /// <summary>False when this process was not started by <see cref="ChildProcess"/>, for example by a person from a shell.</summary>
    public static bool IsThere => Libc.DescriptorFlags(Spawn.SocketDescriptor, GetDescriptorFlags) >= 0;

    /// <summary>Fills the buffer. False when the parent has closed its end.</summary>
    public static bool Receive(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Libc.Read(Spawn.SocketDescriptor, buffer, buffer.Length);
            if (count > 0)
                buffer = buffer[(int)count..];
            else if (count == 0 || Marshal.GetLastPInvokeError() != Libc.Interrupted)
                return false;
        }
        return true;
    }

    /// <summary>Sends all of it. False when the parent has closed its end. One caller at a time.</summary>
    public static bool Send(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Libc.Send(Spawn.SocketDescriptor, buffer, buffer.Length, NoSignal);
            if (count >= 0)
                buffer = buffer[(int)count..];
            else if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
                return false;
        }
        return true;
    }

    /// <summary>Blocks until the parent closes its end or is gone. Reads nothing, so another thread may be in <see cref="Receive"/>.</summary>
    public static void WaitClosed()
    {
        var entry = new Libc.PollEntry { Descriptor = Spawn.SocketDescriptor, Events = PeerClosed };
        while ((entry.Returned & (PeerClosed | HungUp)) == 0)
        {
            if (Libc.Poll(ref entry, 1, -1) < 0 && Marshal.GetLastPInvokeError() is var error and not Libc.Interrupted)
                throw Libc.Failure("poll on the parent's socket", error);
        }
    }

    /// <summary>From here on only the socket's end ends this process: the signals that end a whole group or unit go to the parent, which closes it.</summary>
    public static void IgnoreGroupSignals()
    {
        foreach (var signal in (ReadOnlySpan<int>)[SignalHangUp, SignalInterrupt, SignalTerminate])
            _ = Libc.Signal(signal, Ignore);
    }

    /// <summary>Ends the process without running anything more in it: other threads may be stuck in native code for ever.</summary>
    public static void Exit(int code) => Libc.ExitNow(code);
}
