using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>Begins the running program anew in the same process (execv(3)): the number, the parent, the environment and the standard streams stay, all else is as after a start.
/// Whoever supervises the process sees none end. A program that was replaced on the disk since is the new one.</summary>
public sealed partial class ProgramAgain
{
    private readonly string _program;

    /// <summary>Looks up what runs; to be made at the start, before that can be replaced on the disk.</summary>
    public ProgramAgain() => _program = Environment.ProcessPath ?? throw new InvalidOperationException("The program's own path is not known: /proc is missing.");

    /// <summary>Does not return where it works. Every descriptor that .NET or SQLite opened is closed by it; children have to be gone before.</summary>
    /// <returns>Why it did not work.</returns>
    public string Begin()
    {
        string?[] words = [.. File.ReadAllText("/proc/self/cmdline").Split('\0', StringSplitOptions.None)[..^1], null];
        _ = Execute(_program, words);
        return $"{_program} cannot be started anew: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}";
    }

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}
