using System.Globalization;

namespace AIInfra.Core.State;

/// <summary>Moves an unusable database out of the way under a name that says why and when, so that it can be looked at.</summary>
public static class SetAside
{
    /// <summary>Older ones are deleted: a disk that goes on corrupting must not be filled as well.</summary>
    private const int Kept = 5;

    /// <returns>The new path: <c>state.db.corrupt-20260131T235959Z</c>.</returns>
    /// <exception cref="IOException">The folder refuses.</exception>
    public static string Move(string file, string suffix, DateTimeOffset now)
    {
        var aside = $"{file}.{suffix}-{now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
        foreach (var companion in (string[])["", "-wal", "-shm"]) // SQLite finds the log by the database's name
        {
            if (File.Exists(file + companion))
                File.Move(file + companion, aside + companion, overwrite: true);
        }
        Prune(file, suffix);
        return aside;
    }

    private static void Prune(string file, string suffix)
    {
        var older = Directory.EnumerateFiles(Path.GetDirectoryName(file)!, $"{Path.GetFileName(file)}.{suffix}-*Z")
            .OrderDescending(StringComparer.Ordinal).Skip(Kept).ToList();
        foreach (var path in older)
        {
            File.Delete(path);
            File.Delete(path + "-wal");
            File.Delete(path + "-shm");
        }
    }
}
