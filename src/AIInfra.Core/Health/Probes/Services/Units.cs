using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>Services of the host's systemd, by its files and control groups: nothing is asked that could hang.</summary>
public sealed class Units(HostPaths host)
{
    private static readonly string[] Folders = ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
    private static readonly string[] Groups = ["fs/cgroup/system.slice", "fs/cgroup/systemd/system.slice", "fs/cgroup/unified/system.slice"];

    private readonly RootedFiles _root = new(host.Root.TrimEnd('/') is { Length: > 0 } root ? root : "/");

    /// <summary>There is a unit file of this name.</summary>
    /// <param name="unit">With its ending: <c>containerd.service</c>.</param>
    public bool IsInstalled(string unit) => Folders.Any(folder => _root.IsFile($"{folder}/{unit}"));

    /// <summary>The host starts it at its boot.</summary>
    public bool IsEnabled(string unit) => Folders.Take(2).Any(folder => HostText.Names(_root.Here(folder))
        .Where(name => name.EndsWith(".wants", StringComparison.Ordinal) || name.EndsWith(".requires", StringComparison.Ordinal))
        .Any(name => _root.TargetOf($"{folder}/{name}/{unit}") is not null || File.Exists(_root.Here($"{folder}/{name}/{unit}"))));

    /// <summary>It has processes. Null where the host's control groups cannot be seen.</summary>
    public bool? IsRunning(string unit)
    {
        if (Groups.Select(group => Path.Combine(host.Sys, group)).FirstOrDefault(Directory.Exists) is not { } slice)
            return null;
        return HasProcesses(Path.Combine(slice, unit));
    }

    /// <summary>Also in groups below it, as a service has that divides itself.</summary>
    private static bool HasProcesses(string group) =>
        HostText.Read(Path.Combine(group, "cgroup.procs")) is { Length: > 0 }
        || HostText.Names(group).Select(name => Path.Combine(group, name)).Any(below => Directory.Exists(below) && HostText.Read(Path.Combine(below, "cgroup.procs")) is { Length: > 0 });
}
