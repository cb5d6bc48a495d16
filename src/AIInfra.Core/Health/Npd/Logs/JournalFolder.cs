using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>Where a journal lies on the host.</summary>
internal static class JournalFolder
{
    /// <param name="folder">As a file names it; empty: the host's own journal.</param>
    /// <returns>Null for the host's own, where the host is the one this process sees.</returns>
    /// <exception cref="IOException">The folder is not there.</exception>
    public static string? Of(string folder, HostPaths host)
    {
        if (folder.Length > 0)
            return Existing(Path.Join(host.Root, folder.TrimStart('/')));
        if (host.Root == "/")
            return null;
        var kept = Path.Join(host.Root, "var/log/journal");
        return Directory.Exists(kept) ? kept : Existing(Path.Join(host.Run, "log/journal"));
    }

    /// <summary>The name under which monitors share a reader: the kept journal of the host is the host's own journal, so that nothing is read twice.</summary>
    /// <param name="folder">As a file names it.</param>
    public static string Shared(string folder, HostPaths host) =>
        folder.TrimEnd('/') == "/var/log/journal" && Directory.Exists(Path.Join(host.Root, "var/log/journal")) ? "" : folder;

    private static string Existing(string folder) => Directory.Exists(folder) ? folder : throw new IOException($"There is no journal in {folder}: the folder is not there.");
}
