using System.Globalization;
using System.Runtime.InteropServices;

namespace AIInfra.Linux.Processes;

/// <summary>posix_spawn(3) with everything that must not leak closed, and the signals at their defaults.</summary>
/// <remarks>Not <see cref="System.Diagnostics.Process"/>: it leaves descriptors without close-on-exec to the child.</remarks>
internal static partial class Spawn
{
    /// <summary>Larger than posix_spawn_file_actions_t (80), posix_spawnattr_t (336) and sigset_t (128) of any C library in use.</summary>
    internal const int OpaqueBytes = 1024;
    private const short SetSignalDefaults = 4, SetSignalMask = 8;
    private const int ReadOnly = 0;

    internal const int SocketDescriptor = 3;

    /// <summary>Adds the actions that close what the child must not inherit.</summary>
    internal unsafe delegate void CloseOthers(byte* actions);

    /// <summary>Starts the program and returns its process id.</summary>
    internal static unsafe int Run(string program, string[] arguments, string[] environment, SafeHandle socket, CloseOthers closeOthers)
    {
        var isHeld = false;
        byte* actions = stackalloc byte[OpaqueBytes], attributes = stackalloc byte[OpaqueBytes];
        using var argumentBlock = new StringBlock(arguments);
        using var environmentBlock = new StringBlock(environment);
        try
        {
            socket.DangerousAddRef(ref isHeld);
            Check("posix_spawn_file_actions_init", ActionsInit(actions));
            AddActions(actions, (int)socket.DangerousGetHandle());
            closeOthers(actions);

            Check("posix_spawnattr_init", AttributesInit(attributes));
            ResetSignals(attributes);
            Check($"start {program}", PosixSpawn(out var id, program, actions, attributes, argumentBlock.Pointers, environmentBlock.Pointers));
            return id;
        }
        finally
        {
            _ = ActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
            if (isHeld)
                socket.DangerousRelease();
        }
    }

    private static unsafe void AddActions(byte* actions, int socket)
    {
        Check("posix_spawn_file_actions_addopen", AddOpen(actions, 0, "/dev/null", ReadOnly, 0));
        // Vendor libraries print to standard output: it goes where our messages go.
        Check("posix_spawn_file_actions_adddup2", AddDuplicate(actions, 2, 1));
        // dup2 on itself leaves close-on-exec off as well (POSIX, and glibc since 2.29).
        Check("posix_spawn_file_actions_adddup2", AddDuplicate(actions, socket, SocketDescriptor));
    }

    /// <summary>Every signal at its default and unblocked in the child, whatever it is here.</summary>
    /// <param name="attributes">Initialized.</param>
    /// <param name="more">Further flags of posix_spawnattr_setflags(3).</param>
    internal static unsafe void ResetSignals(byte* attributes, short more = 0)
    {
        byte* signals = stackalloc byte[OpaqueBytes];
        _ = SignalSetFill(signals);
        Check("posix_spawnattr_setsigdefault", SetDefaults(attributes, signals)); // an ignored SIGPIPE would be inherited
        _ = SignalSetEmpty(signals);
        Check("posix_spawnattr_setsigmask", SetMask(attributes, signals));
        Check("posix_spawnattr_setflags", SetFlags(attributes, (short)(SetSignalDefaults | SetSignalMask | more)));
    }

    /// <summary>Closes everything above the socket.</summary>
    internal static unsafe void CloseFrom(byte* actions) => CloseFrom(actions, SocketDescriptor + 1);

    /// <summary>Closes every descriptor from <paramref name="first"/> on.</summary>
    internal static unsafe void CloseFrom(byte* actions, int first)
    {
        try
        {
            Check("posix_spawn_file_actions_addclosefrom_np", AddCloseFrom(actions, first));
        }
        catch (EntryPointNotFoundException) // glibc before 2.34
        {
            CloseEach(actions, first);
        }
    }

    /// <summary>Closes what is open now. A descriptor that another thread opens without close-on-exec after this look is not among them.</summary>
    internal static unsafe void CloseEach(byte* actions) => CloseEach(actions, SocketDescriptor + 1);

    private static unsafe void CloseEach(byte* actions, int first)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) && descriptor >= first)
                Check("posix_spawn_file_actions_addclose", AddClose(actions, descriptor)); // one that is gone by then is no error
        }
    }

    internal static void Check(string what, int error)
    {
        if (error != 0)
            throw Libc.Failure(what, error);
    }

    /// <summary>A null-terminated array of C strings.</summary>
    internal sealed unsafe class StringBlock : IDisposable
    {
        private readonly nint[] _strings;

        internal StringBlock(string[] texts)
        {
            _strings = [.. texts.Select(Marshal.StringToCoTaskMemUTF8)];
            Pointers = (nint*)NativeMemory.AllocZeroed((nuint)texts.Length + 1, (nuint)sizeof(nint));
            for (var i = 0; i < texts.Length; i++)
                Pointers[i] = _strings[i];
        }

        internal nint* Pointers { get; }

        public void Dispose()
        {
            Array.ForEach(_strings, Marshal.FreeCoTaskMem);
            NativeMemory.Free(Pointers);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int PosixSpawn(out int id, string path, byte* actions, byte* attributes, nint* arguments, nint* environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    internal static unsafe partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static unsafe partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int AddOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static unsafe partial int AddDuplicate(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclose")]
    internal static unsafe partial int AddClose(byte* actions, int descriptor);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    internal static unsafe partial int AddCloseFrom(byte* actions, int from);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    internal static unsafe partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    internal static unsafe partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static unsafe partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static unsafe partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static unsafe partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static unsafe partial int SignalSetFill(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static unsafe partial int SignalSetEmpty(byte* signals);
}
