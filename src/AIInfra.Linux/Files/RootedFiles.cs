namespace AIInfra.Linux.Files;

/// <summary>The files of a host whose root folder is somewhere here. Links are followed as the host would: an absolute one stays below the root.</summary>
/// <param name="root">Absolute.</param>
public sealed class RootedFiles(string root)
{
    private const int MostLinks = 40; // as the kernel, see path_resolution(7)
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, MatchType = MatchType.Simple };

    /// <summary>Where a path of the host is here; nothing is followed.</summary>
    /// <param name="path">Absolute on the host.</param>
    public string Here(string path) => root == "/" ? path : root + path;

    /// <summary>The path with every link in it followed, as the host writes it; null when nothing is there.</summary>
    /// <param name="path">Absolute on the host.</param>
    public string? Resolve(string path)
    {
        var missing = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var done = new List<string>();
        for (var links = 0; missing.TryPop(out var part);)
        {
            if (part == ".")
                continue;
            if (part == "..")
            {
                if (done.Count > 0)
                    done.RemoveAt(done.Count - 1);
                continue;
            }
            done.Add(part);
            if (TargetOf($"/{string.Join('/', done)}") is not { } target)
                continue;
            if (++links > MostLinks)
                return null;
            done.RemoveAt(done.Count - 1);
            if (target.StartsWith('/'))
                done.Clear();
            foreach (var step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
                missing.Push(step);
        }
        var resolved = $"/{string.Join('/', done)}";
        return Path.Exists(Here(resolved)) ? resolved : null;
    }

    /// <summary>Where a link points, as it is written; null for what is no link.</summary>
    public string? TargetOf(string path) => new FileInfo(Here(path)).LinkTarget;

    /// <summary>A file, or a link that ends at one.</summary>
    public bool IsFile(string path) => Resolve(path) is { } resolved && File.Exists(Here(resolved));

    /// <summary>Names in a folder that fit a pattern with <c>*</c>, in order; none when there is no such folder.</summary>
    public IEnumerable<string> Names(string folder, string pattern)
    {
        if (Resolve(folder) is not { } resolved || !Directory.Exists(Here(resolved)))
            return [];
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Here(resolved), pattern, Everything).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
