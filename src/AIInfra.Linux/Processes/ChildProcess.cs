using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>How a process ended. Both are null when the kernel did not tell (the parent ignores SIGCHLD).</summary>
/// <param name="Code">What it returned; null when a signal ended it.</param>
/// <param name="Signal">The signal that ended it, see signal(7); null when it returned.</param>
public readonly record struct ExitStatus(int? Code, int? Signal)
{
    public override string ToString() => (Code, Signal) switch
    {
        (_, 4) => "signal 4 (SIGILL)",
        (_, 6) => "signal 6 (SIGABRT)",
        (_, 7) => "signal 7 (SIGBUS)",
        (_, 8) => "signal 8 (SIGFPE)",
        (_, 9) => "signal 9 (SIGKILL)",
        (_, 11) => "signal 11 (SIGSEGV)",
        (_, { } signal) => $"signal {signal}",
        ({ } code, _) => $"exit code {code}",
        _ => "an unknown exit code",
    };
}

/// <summary>A child process that talks over a socket on its descriptor 3 and inherits nothing else.</summary>
/// <remarks>Its descriptors are 0 (/dev/null), 1 and 2 (this process's standard error) and 3. Signals are at their defaults and unblocked.
/// It is never killed from here: the agreement is that it ends itself when its socket closes.</remarks>
public sealed class ChildProcess
{
    private const int ReaperStackBytes = 128 * 1024;

    private readonly TaskCompletionSource<ExitStatus> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(int id, Socket socket) => (Id, Socket) = (id, socket);

    public int Id { get; }
    /// <summary>This end of the stream. The child sees the end of file when it is disposed, or when this process ends in any way.</summary>
    public Socket Socket { get; }
    /// <summary>Completes when the child was reaped. A child that is stuck in the kernel may never be.</summary>
    public Task<ExitStatus> Exited => _exited.Task;

    /// <summary>Starts a program. Returns when the kernel has accepted its file, typically within 1 ms.</summary>
    /// <param name="program">A path; PATH is not searched.</param>
    /// <param name="arguments">Without the program's own name.</param>
    /// <param name="environment">All of it: nothing of this process's own is added.</param>
    /// <exception cref="Win32Exception">The socket pair or the process could not be made; names the call and the program.</exception>
    public static unsafe ChildProcess Start(string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment) =>
        Start(program, arguments, environment, Spawn.CloseFrom);

    internal static ChildProcess Start(
        string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment, Spawn.CloseOthers closeOthers)
    {
        var (ours, theirs) = SocketPair.Open();
        using (theirs)
        {
            try
            {
                var id = Spawn.Run(program, [program, .. arguments], [.. environment.Select(pair => $"{pair.Key}={pair.Value}")], theirs, closeOthers);
                var child = new ChildProcess(id, new Socket(ours));
                new Thread(child.Reap, ReaperStackBytes) { IsBackground = true, Name = $"reap {id}" }.Start();
                return child;
            }
            catch (Win32Exception)
            {
                ours.Dispose();
                throw;
            }
        }
    }

    private void Reap()
    {
        int id, status;
        do
            id = Libc.WaitPid(Id, out status, 0);
        while (id < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);

        var signal = status & 0x7f; // wait(2): the low seven bits are the signal, the next byte the code
        _exited.SetResult(id != Id ? default : signal == 0 ? new ExitStatus((status >> 8) & 0xff, null) : new ExitStatus(null, signal));
    }
}
