using AIInfra.Linux.Files;

namespace AIInfra.Core.VendorHost;

/// <summary>The library's file as it was when a child loaded it. A package upgrade replaces it while the old one stays mapped.</summary>
internal sealed class LibraryFile
{
    private readonly string _path;
    private readonly FileVersion? _loaded;
    private FileVersion? _seen;

    private LibraryFile(string path, FileVersion? loaded) => (_path, _loaded) = (path, loaded);

    internal string Path => _path;

    /// <param name="configured">As given to <see cref="IVendorLibrary.Open"/>.</param>
    /// <param name="mapped">The file that the child has mapped; null when it did not find it, then there is nothing to watch.</param>
    internal static LibraryFile? Watch(string configured, string? mapped)
    {
        if (mapped is null)
            return null;
        // The name that was asked for is a link in the folder of the real file: an upgrade turns the link.
        var link = System.IO.Path.IsPathRooted(configured)
            ? configured
            : System.IO.Path.Combine(System.IO.Path.GetDirectoryName(mapped)!, System.IO.Path.GetFileName(configured));
        var path = FileVersion.Of(link) is null ? mapped : link;
        return new LibraryFile(path, FileVersion.Of(path));
    }

    /// <summary>What lies there now, if it is another file than the one that was loaded and two looks in a row found the same:
    /// an installer may be at work. Null while it is the same as loaded, or while there is none.</summary>
    internal FileVersion? Replacement()
    {
        var before = _seen;
        _seen = FileVersion.Of(_path);
        return _seen is not null && _seen != _loaded && _seen == before ? _seen : null;
    }

    /// <summary>Inside the child: the mapped file whose name begins like the library's up to <c>.so</c>; null when there is none.</summary>
    internal static string? FindMapped(string library)
    {
        var name = System.IO.Path.GetFileName(library);
        var stem = name.IndexOf(".so", StringComparison.Ordinal) is var end and > 0 ? name[..(end + ".so".Length)] : name;
        try
        {
            foreach (var line in File.ReadLines("/proc/self/maps"))
            {
                var slash = line.IndexOf('/', StringComparison.Ordinal);
                if (slash >= 0 && System.IO.Path.GetFileName(line.AsSpan(slash)).StartsWith(stem, StringComparison.Ordinal))
                    return line[slash..];
            }
        }
        catch (IOException)
        {
            // Without /proc a replaced library is picked up with the next child.
        }
        return null;
    }
}
