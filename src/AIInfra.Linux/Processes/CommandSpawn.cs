using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AIInfra.Linux.Processes;

/// <summary>Starts a program whose output is read through pipes, in a process group of its own.</summary>
/// <remarks>Pipes, not sockets: a script that writes to /dev/stderr opens it anew, which a socket refuses.</remarks>
internal static partial class CommandSpawn
{
    private const short SetProcessGroup = 2;
    private const int CloseOnExec = 0x80000, NonBlocking = 0x800, SetStatusFlags = 4, FirstUnused = 3;

    /// <summary>A program that was started.</summary>
    internal readonly record struct Started(int Id, SafeFileHandle Output, SafeFileHandle Errors);

    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started; names the program.</exception>
    internal static unsafe Started Start(string program, IReadOnlyList<string> arguments, string[] environment)
    {
        var (output, outputEnd) = Pipe();
        using var closeOutput = outputEnd;
        var (errors, errorsEnd) = Pipe();
        using var closeErrors = errorsEnd;
        byte* actions = stackalloc byte[Spawn.OpaqueBytes], attributes = stackalloc byte[Spawn.OpaqueBytes];
        using var argumentBlock = new Spawn.StringBlock([program, .. arguments]);
        using var environmentBlock = new Spawn.StringBlock(environment);
        try
        {
            Spawn.Check("posix_spawn_file_actions_init", Spawn.ActionsInit(actions));
            Spawn.Check("posix_spawn_file_actions_addopen", Spawn.AddOpen(actions, 0, "/dev/null", 0, 0));
            Spawn.Check("posix_spawn_file_actions_adddup2", Spawn.AddDuplicate(actions, (int)outputEnd.DangerousGetHandle(), 1));
            Spawn.Check("posix_spawn_file_actions_adddup2", Spawn.AddDuplicate(actions, (int)errorsEnd.DangerousGetHandle(), 2));
            Spawn.CloseFrom(actions, FirstUnused);
            Spawn.Check("posix_spawnattr_init", Spawn.AttributesInit(attributes));
            Spawn.ResetSignals(attributes, SetProcessGroup); // group 0: its own
            Spawn.Check($"start {program}", Spawn.PosixSpawn(out var id, program, actions, attributes, argumentBlock.Pointers, environmentBlock.Pointers));
            return new Started(id, output, errors);
        }
        catch
        {
            output.Dispose();
            errors.Dispose();
            throw;
        }
        finally
        {
            _ = Spawn.ActionsDestroy(actions);
            _ = Spawn.AttributesDestroy(attributes);
        }
    }

    /// <summary>A pipe whose reading end never blocks.</summary>
    private static (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        Span<int> ends = stackalloc int[2];
        if (PipeOf(ends, CloseOnExec) != 0)
            throw Libc.Failure("pipe", Marshal.GetLastPInvokeError());
        _ = SetFlags(ends[0], SetStatusFlags, NonBlocking);
        return (new SafeFileHandle(ends[0], true), new SafeFileHandle(ends[1], true));
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int PipeOf(Span<int> ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int SetFlags(int descriptor, int command, int flags);
}
