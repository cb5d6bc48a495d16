namespace AIInfra.Linux.Files;

/// <summary>Files that are there whole or not at all, whatever happens to the process or the host: written under another name, flushed, renamed (rename(2)).</summary>
public static class WholeFile
{
    /// <param name="path">Its folder is there. Beside it, for a moment, lies <c>.NAME.new</c>: those who read folders pass over names that begin with a dot.</param>
    /// <param name="mode">Whatever the umask; null: as the umask has it.</param>
    /// <param name="isFolders">Where root writes: the file is given to the owner of the folder.</param>
    /// <exception cref="IOException">It is not written; what was there stays.</exception>
    /// <exception cref="UnauthorizedAccessException">As above.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode? mode = null, bool isFolders = false)
    {
        var fresh = Path.Combine(Path.GetDirectoryName(path) ?? "", $".{Path.GetFileName(path)}.new");
        try
        {
            File.Delete(fresh); // of one who was stopped in the midst of it
            using (var file = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                if (mode is { } wanted)
                    File.SetUnixFileMode(file.SafeFileHandle, wanted);
                if (isFolders)
                    FileOwner.Follow(file.SafeFileHandle, Path.GetDirectoryName(Path.GetFullPath(path))!);
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Leave(fresh);
            throw;
        }
    }

    private static void Leave(string fresh)
    {
        try
        {
            File.Delete(fresh);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The fault that brought us here is the one to tell.
        }
    }
}
