using System.Collections.Immutable;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Cdi;

/// <summary>The folders in which container runtimes look for spec files. One thread.</summary>
/// <param name="written">The one of higher priority, where the agent's files are.</param>
/// <param name="others">Those of lower priority, where an operator's are: a name defined in both is the higher one's.</param>
internal sealed class CdiFolder(string written, ImmutableArray<string> others)
{
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly Dictionary<string, (long Length, DateTime Written, CdiForeignFile? File)> _read = new(StringComparer.Ordinal);

    public string Written => written;

    public string PathOf(string file) => Path.Combine(written, file);

    /// <summary>What files that are not ours define. Each is read again only when it has changed.</summary>
    /// <param name="ours">Names in the written folder.</param>
    public ImmutableArray<CdiForeignFile> Foreign(IReadOnlySet<string> ours)
    {
        var found = ImmutableArray.CreateBuilder<CdiForeignFile>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var folder in others.Add(written).Where(Directory.Exists))
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
            {
                if (file.Extension is not (".json" or ".yaml") || (folder == written && ours.Contains(file.Name)) || !seen.Add(file.FullName))
                    continue;
                if (Look(file) is { } defined)
                    found.Add(defined);
            }
        }
        foreach (var gone in _read.Keys.Where(path => !seen.Contains(path)).ToArray())
            _read.Remove(gone);
        return found.DrainToImmutable();
    }

    /// <summary>True when the file is there, byte for byte and readable by all.</summary>
    public bool Holds(string file, byte[] content)
    {
        var path = PathOf(file);
        return new FileInfo(path) is { Exists: true, LinkTarget: null } info && info.Length == content.Length
            && info.UnixFileMode == FileMode && File.ReadAllBytes(path).AsSpan().SequenceEqual(content);
    }

    public bool Exists(string file) => File.Exists(PathOf(file));

    /// <summary>Puts the file there whole, or leaves what was there before. Readers take no notice of the name it is written under first.</summary>
    /// <exception cref="IOException">The folder cannot be made, is read-only or full.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public void Write(string file, byte[] content)
    {
        if (!Directory.Exists(written))
        {
            Directory.CreateDirectory(written);
            File.SetUnixFileMode(written, FolderMode); // whatever the umask: container runtimes of other users read it
        }
        WholeFile.Write(PathOf(file), content, FileMode);
        if (!Holds(file, content))
            throw new IOException($"{PathOf(file)} does not hold what was written to it");
    }

    /// <exception cref="IOException">It cannot be removed.</exception>
    public void Remove(string file)
    {
        if (Directory.Exists(written))
            File.Delete(PathOf(file));
    }

    private CdiForeignFile? Look(FileInfo file)
    {
        try
        {
            var (length, changed) = (file.Length, file.LastWriteTimeUtc);
            if (_read.TryGetValue(file.FullName, out var known) && known.Length == length && known.Written == changed)
                return known.File;
            var defined = CdiForeignFile.Read(file);
            _read[file.FullName] = (length, changed, defined);
            return defined;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null; // gone meanwhile
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return new CdiForeignFile(file.FullName, null, [], null);
        }
    }
}
