using AIInfra.Testing;

namespace AIInfra.EndToEndTests.Installed;

/// <summary>What of a booted machine packages may leave behind: files, users, units, mounts and processes.</summary>
internal static class InstalledFiles
{
    /// <summary>Written by the machine itself while a test runs: logs, what systemd and dpkg note down, the caches of apt.</summary>
    private static readonly string[] OwnBusiness = ["/proc", "/sys", "/dev", "/opt", "/tmp", "/var/log", "/var/tmp", "/var/lib/dpkg", "/var/lib/systemd", "/run/systemd", "/var/lib/apt", "/var/cache", "/run/log",
        "/etc/.pwd.lock", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"];

    /// <summary>The packages of <c>make package</c>, as the machine sees them.</summary>
    /// <param name="name">Of the package, without its version.</param>
    public static string Package(string name)
    {
        var folder = RepositoryRoot.Combine("out", "package");
        Assert.SkipUnless(Directory.Exists(folder), "There are no packages: run make package.");
        return $"/opt/aiinfra/package/{Path.GetFileName(Directory.GetFiles(folder, $"{name}_*.deb").Single())}";
    }

    /// <summary>One line for each thing; two such lists are compared.</summary>
    public static async Task<HashSet<string>> TraceAsync(BootedMachine machine)
    {
        string[] pruned = [.. OwnBusiness.SelectMany(folder => new[] { "-o", "-path", folder }).Skip(1)];
        var files = await LinesAsync(machine, "file", ["find", "/", "/run", "-xdev", "(", .. pruned, ")", "-prune", "-o", "-print"]);
        var users = await LinesAsync(machine, "account", ["cat", "/etc/passwd", "/etc/group"]);
        var units = await LinesAsync(machine, "unit", ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "aiinfra*"]);
        var mounts = (await LinesAsync(machine, "mount", ["cat", "/proc/mounts"])).Where(line => line.Contains("aiinfra", StringComparison.Ordinal) && !line.Contains(" /opt/aiinfra ", StringComparison.Ordinal));
        var processes = await LinesAsync(machine, "process", ["sh", "-c", "pgrep -a aiinfra || true"]);
        return [.. files, .. users, .. units, .. mounts, .. processes];
    }

    /// <summary>Takes every trace of the packages away, also of a test that failed half way.</summary>
    public static async Task ClearAsync(BootedMachine machine)
    {
        await machine.TryRunAsync("systemctl", "stop", "aiinfra-agent", "aiinfra-aggregator");
        await machine.TryRunAsync("dpkg", "--purge", "aiinfra-agent", "aiinfra-aggregator", "aiinfra-simulators");
        await machine.TryRunAsync("sh", "-c", "rm -rf /etc/systemd/system/aiinfra-* /etc/systemd/system/*.wants/aiinfra-* /etc/aiinfra /var/lib/aiinfra /var/lib/aiinfra-aggregator /run/aiinfra");
        await machine.RunAsync("systemctl", "daemon-reload");
        await machine.TryRunAsync("systemctl", "reset-failed");
    }

    private static async Task<IEnumerable<string>> LinesAsync(BootedMachine machine, string kind, string[] command) =>
        (await machine.RunAsync(command)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"{kind} {line}");
}
