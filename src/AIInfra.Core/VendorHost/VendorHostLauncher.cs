using System.Collections;
using System.Collections.Immutable;
using AIInfra.Linux.Processes;

namespace AIInfra.Core.VendorHost;

/// <summary>How the vendor host is started: the same program as the daemon, under its own first argument.</summary>
/// <param name="Program">A path, by default of the running program; <c>/proc/self/exe</c> also names it after the file on disk was replaced.</param>
/// <param name="ArgumentsBefore">What stands before <c>vendor-host NAME</c>, usually nothing.</param>
public sealed record VendorHostLauncher(string Program, IReadOnlyList<string> ArgumentsBefore)
{
    /// <summary>What the child gets beside this process's own environment, for example <c>LD_LIBRARY_PATH</c>; a name given here wins.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    private const string SearchPath = "LD_LIBRARY_PATH";

    /// <summary>A small runtime: no debugger's socket and threads, no background collector.</summary>
    private static readonly KeyValuePair<string, string>[] SmallRuntime =
        [new("DOTNET_EnableDiagnostics", "0"), new("DOTNET_gcConcurrent", "0"), new("DOTNET_TieredPGO", "0")];

    /// <summary>What the service manager gives to the daemon alone: a library must not answer in its name.</summary>
    private static readonly string[] OursAlone = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"];

    /// <summary>The same with these folders looked through last by the loader: for a library that needs others of its vendor beside it.
    /// The loader reads the variable when the process starts, so that it cannot be set later.</summary>
    public VendorHostLauncher Searching(ImmutableArray<string> folders)
    {
        var before = Environment.GetValueOrDefault(SearchPath) ?? System.Environment.GetEnvironmentVariable(SearchPath);
        return this with
        {
            Environment = new Dictionary<string, string>(Environment) { [SearchPath] = string.Join(':', string.IsNullOrEmpty(before) ? folders : [before, .. folders]) },
        };
    }

    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    internal ChildProcess Start(string vendor) =>
        ChildProcess.Start(Program, [.. ArgumentsBefore, .. VendorHostProcess.ArgumentsFor(vendor)], ChildEnvironment());

    internal Dictionary<string, string> ChildEnvironment()
    {
        var environment = new Dictionary<string, string>(SmallRuntime, StringComparer.Ordinal);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
            environment[(string)entry.Key] = (string?)entry.Value ?? "";
        foreach (var name in OursAlone)
            environment.Remove(name);
        foreach (var (name, value) in Environment)
            environment[name] = value;
        return environment;
    }
}
