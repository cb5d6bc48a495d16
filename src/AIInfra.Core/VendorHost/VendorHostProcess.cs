using System.Reflection;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.VendorHost;

/// <summary>The child: the process that a vendor's library may crash or hang. <c>aiinfra-agent vendor-host NAME</c>.</summary>
/// <remarks>It touches no host, no container, no logging framework and no command-line type, and writes messages to standard error.
/// It ends when its socket does, whatever the library is doing.</remarks>
public static class VendorHostProcess
{
    private const string Command = "vendor-host";
    private const int UsageError = 64; // EX_USAGE, sysexits.h
    private const int WatcherStackBytes = 128 * 1024;

    /// <summary>Compared by the parent: the program on disk may have been replaced since the parent started.</summary>
    internal static string Version { get; } =
        typeof(VendorHostProcess).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>To be asked on the first line of a program, before any other type is touched.</summary>
    public static bool IsAsked(string[] args) => args is [Command, ..];

    internal static string[] ArgumentsFor(string vendor) => [Command, vendor];

    /// <summary>Serves the parent until its socket closes; the process then ends without returning here.</summary>
    /// <param name="libraries">The library of a vendor by its name, not opened yet; null for a name it does not know.</param>
    /// <returns>An exit code, only when it was started in a wrong way.</returns>
    public static int Run(string[] args, Func<string, IVendorLibrary?> libraries)
    {
        if (args is not [_, var vendor] || !ParentSocket.IsThere)
        {
            Console.Error.WriteLine($"{Command} is started by the agent itself, with a socket as descriptor 3. To read the devices: aiinfra-agent devices");
            return UsageError;
        }
        if (libraries(vendor) is not { } library)
        {
            Console.Error.WriteLine($"{Command}: there is no vendor '{vendor}' in this program, version {Version}.");
            return UsageError;
        }
        ParentSocket.IgnoreGroupSignals();
        new Thread(EndWithParent, WatcherStackBytes) { IsBackground = true, Name = "parent" }.Start();
        new VendorHostSession(vendor, library).Serve();
        ParentSocket.Exit(0); // a library's thread or exit handler may hang: nothing of it runs any more
        return 0;
    }

    private static void EndWithParent()
    {
        ParentSocket.WaitClosed();
        ParentSocket.Exit(0);
    }
}
