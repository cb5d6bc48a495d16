using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Toolkits;

/// <summary>Finds the toolkits of a host in its files. No program of the host is started. Blocks on the host's disks.</summary>
internal sealed class ToolkitReader(HostPaths host, ImmutableArray<ToolkitSource> sources)
{
    private const int MostFiles = 32, LongestText = 64 << 10;
    private const string Kernel = "/sys/";

    private readonly RootedFiles _root = new(host.Root.TrimEnd('/') is { Length: > 0 } root ? root : "/"), _sys = new(host.Sys);

    /// <summary>By name, then version, the highest first; each version of a name once.</summary>
    public ImmutableArray<Toolkit> Read() =>
    [
        .. sources.SelectMany(Find).DistinctBy(toolkit => (toolkit.Name, toolkit.Version))
            .OrderBy(toolkit => toolkit.Name, StringComparer.Ordinal).ThenByDescending(toolkit => toolkit.Version, ToolkitVersions.ByHeight),
    ];

    private IEnumerable<Toolkit> Find(ToolkitSource source)
    {
        var isKernel = source.Pattern.StartsWith(Kernel, StringComparison.Ordinal);
        var files = isKernel ? _sys : _root;
        foreach (var path in Match(files, isKernel ? source.Pattern[(Kernel.Length - 1)..] : source.Pattern).Select(files.Resolve).OfType<string>().Distinct(StringComparer.Ordinal).Take(MostFiles))
        {
            var text = source.Form == ToolkitForm.Name ? "" : Text(files.Here(path));
            if (text is not null && source.VersionOf(Path.GetFileName(path), text) is { } version)
                yield return new Toolkit(source.Toolkit, version, isKernel ? Kernel + path[1..] : path);
        }
    }

    private static IEnumerable<string> Match(RootedFiles files, string pattern)
    {
        IEnumerable<string> found = [""];
        foreach (var step in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
            found = step.Contains('*') ? found.SelectMany(folder => files.Names(folder.Length == 0 ? "/" : folder, step).Take(MostFiles).Select(name => $"{folder}/{name}")) : found.Select(folder => $"{folder}/{step}");
        return found;
    }

    /// <summary>Null for what cannot be read, or is no file.</summary>
    private static string? Text(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var buffer = new byte[LongestText];
            return Encoding.UTF8.GetString(buffer, 0, RandomAccess.Read(file, buffer, 0));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }
}
