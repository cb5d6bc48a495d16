using AIInfra.Core.Hosting;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Where distributions and drivers have programs.</summary>
internal static class HostPrograms
{
    private static readonly string[] Folders = ["usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "opt/rocm/bin", "opt/bin", "bin", "sbin", "usr/local/Ascend/driver/tools", "usr/local/neuware/bin"];

    /// <summary>The folders, for a message.</summary>
    public static string Places => string.Join(", ", Folders.Select(folder => '/' + folder));

    /// <returns>The path as it is called on the host; null when it is in none of the folders.</returns>
    public static string? Find(HostPaths host, string program) => Folders.Select(folder => $"/{folder}/{program}").FirstOrDefault(path => Path.Exists(Path.Join(host.Root, path)));
}
