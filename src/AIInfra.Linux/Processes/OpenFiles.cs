using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AIInfra.Linux.Processes;

/// <param name="Process">In the numbers of the procfs that was read.</param>
/// <param name="Path">As the kernel shows it to us, which is as the process sees it where it has a /dev of its own.</param>
public readonly record struct OpenFile(int Process, string Path);

/// <summary>Who has which files open. Only names are read: no file is looked at, because one on a dead network mount would hold us up for ever.</summary>
/// <param name="proc">A procfs.</param>
public sealed unsafe partial class OpenFiles(string proc)
{
    private const int LongestPath = 4096;
    private const int NotPermitted = 1, AccessDenied = 13; // EPERM, EACCES
    private const int NameOffset = 19; // of d_name in glibc's struct dirent on 64-bit machines

    /// <summary>Every open file below one of the folders; each path once a process. Processes that cannot be looked into are left out. Takes some
    /// milliseconds, on a host with 10,000 processes some hundred.</summary>
    /// <param name="folders">With a slash at their ends.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public List<OpenFile> Below(IReadOnlyList<string> folders, CancellationToken cancellationToken)
    {
        var prefixes = folders.Select(Encoding.UTF8.GetBytes).ToArray();
        var found = new List<OpenFile>();
        foreach (var name in Names(proc))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var process) && Of(process, prefixes) is { } paths)
                found.AddRange(paths.Select(path => new OpenFile(process, path)));
        }
        return found;
    }

    /// <summary>What one process has open below one of the folders, each path once.</summary>
    /// <returns>Null when it may not be looked into; empty when it has ended.</returns>
    public List<string>? Of(int process, IReadOnlyList<string> folders) => Of(process, [.. folders.Select(Encoding.UTF8.GetBytes)]);

    private List<string>? Of(int process, byte[][] prefixes)
    {
        var stream = OpenDirectory(Path.Combine(proc, process.ToString(CultureInfo.InvariantCulture), "fd"));
        if (stream == 0)
            return Marshal.GetLastPInvokeError() is NotPermitted or AccessDenied ? null : [];
        var found = new List<string>();
        Span<byte> target = stackalloc byte[LongestPath];
        try
        {
            var descriptor = DescriptorOf(stream);
            for (var entry = ReadDirectory(stream); entry is not null; entry = ReadDirectory(stream))
            {
                var name = entry + NameOffset;
                if (*name == '.')
                    continue;
                nint length;
                fixed (byte* buffer = target)
                    length = ReadLinkAt(descriptor, name, buffer, LongestPath);
                if (length > 0 && StartsWithAny(target[..(int)length], prefixes) && Encoding.UTF8.GetString(target[..(int)length]) is var path && !found.Contains(path))
                    found.Add(path);
            }
        }
        finally
        {
            _ = CloseDirectory(stream);
        }
        return found;
    }

    private static bool StartsWithAny(ReadOnlySpan<byte> path, byte[][] prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (path.StartsWith(prefix))
                return true;
        }
        return false;
    }

    private static List<string> Names(string folder)
    {
        var names = new List<string>();
        var stream = OpenDirectory(folder);
        if (stream == 0)
            return names;
        for (var entry = ReadDirectory(stream); entry is not null; entry = ReadDirectory(stream))
            names.Add(Marshal.PtrToStringUTF8((nint)(entry + NameOffset)) ?? "");
        _ = CloseDirectory(stream);
        return names;
    }

    [LibraryImport("libc", EntryPoint = "opendir", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint OpenDirectory(string path);

    [LibraryImport("libc", EntryPoint = "readdir")]
    private static partial byte* ReadDirectory(nint stream);

    [LibraryImport("libc", EntryPoint = "dirfd")]
    private static partial int DescriptorOf(nint stream);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int CloseDirectory(nint stream);

    [LibraryImport("libc", EntryPoint = "readlinkat")]
    private static partial nint ReadLinkAt(int folder, byte* name, byte* buffer, nint size);
}
