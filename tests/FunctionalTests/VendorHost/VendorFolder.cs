using System.Diagnostics;
using System.Runtime.InteropServices;
using AIInfra.Core.VendorHost;

namespace AIInfra.FunctionalTests.VendorHost;

/// <summary>The folder that scripts the library of tests/VendorHostChild, and the real processes that were started with it.</summary>
internal sealed partial class VendorFolder : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    internal VendorFolder()
    {
        Path = Directory.CreateTempSubdirectory("vendor-").FullName;
        Launcher = new VendorHostLauncher(Program, [Path]);
    }

    internal static string Program => System.IO.Path.Combine(AppContext.BaseDirectory, "AIInfra.VendorHostChild");

    internal string Path { get; }
    internal VendorHostLauncher Launcher { get; }

    internal string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>From the next call on the library does this.</summary>
    internal void Set(string name, string text)
    {
        File.WriteAllText(PathOf(name + ".new"), text);
        File.Move(PathOf(name + ".new"), PathOf(name), overwrite: true);
    }

    internal void Unset(string name) => File.Delete(PathOf(name));

    /// <summary>A fifo; opening it for reading blocks in the kernel until <see cref="Release"/>.</summary>
    internal string MakeFifo(string name)
    {
        Assert.Equal(0, MakeFifo(PathOf(name), 384));
        return PathOf(name);
    }

    /// <summary>Lets the calls that are stuck in this fifo return, also one that comes to it a moment later.</summary>
    internal FileStream Release(string name) => new(PathOf(name), FileMode.Open, FileAccess.ReadWrite);

    /// <summary>The vendor hosts that run with this folder now.</summary>
    internal IReadOnlyList<int> Processes() =>
        [.. Directory.EnumerateDirectories("/proc").Select(System.IO.Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(int.Parse!).Where(IsOurs)];

    /// <summary>Completes when a child has made this file.</summary>
    internal async Task UntilThereAsync(string name)
    {
        using var watcher = new FileSystemWatcher(Path);
        var there = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Created += (_, change) => Look(change.Name);
        watcher.Renamed += (_, change) => Look(change.Name);
        watcher.EnableRaisingEvents = true;
        if (!File.Exists(PathOf(name)))
            await there.Task.WaitAsync(Deadline, Stop);

        void Look(string? seen)
        {
            if (seen == name)
                there.TrySetResult();
        }
    }

    internal static async Task WaitForEndAsync(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            await process.WaitForExitAsync(Stop).WaitAsync(Deadline, Stop);
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }
    }

    internal static void Signal(int id, int signal) => Assert.Equal(0, Kill(id, signal));

    public void Dispose()
    {
        foreach (var id in Processes())
            _ = Kill(id, 9);
        Directory.Delete(Path, recursive: true);
    }

    private bool IsOurs(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Contains(Path, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int id, int signal);
}
