namespace AIInfra.Core.Hosting;

/// <summary>Where the host's files are. Section <c>host</c>. Every file the agent reads of the host goes through these,
/// so that a container (<c>host.root: /proc/1/root</c>) and a test see a host of their own.</summary>
public sealed class HostPaths
{
    /// <summary>The host's root folder, by default <c>/</c>.</summary>
    public string Root { get; init; } = "/";
    /// <summary>By default <c>ROOT/sys</c>.</summary>
    public string Sys { get => field ?? Path.Combine(Root, "sys"); init; }
    /// <summary>By default <c>ROOT/proc</c>.</summary>
    public string Proc { get => field ?? Path.Combine(Root, "proc"); init; }
    /// <summary>By default <c>ROOT/dev</c>.</summary>
    public string Dev { get => field ?? Path.Combine(Root, "dev"); init; }
    /// <summary>By default <c>ROOT/run</c>.</summary>
    public string Run { get => field ?? Path.Combine(Root, "run"); init; }

    /// <summary>Null where the host's kernel is the one this process runs on. A host that is only a folder (a test's, a simulated one) cannot
    /// send device events: its file <c>run/uevents</c> stands in, see <see cref="Linux.Uevents.UeventReader"/>.</summary>
    public string? UeventStandIn => Root == "/" || Root.StartsWith("/proc/", StringComparison.Ordinal) ? null : Path.Combine(Run, "uevents");

    /// <summary>A simulator wrote this host: everything that is shown of its devices says so.</summary>
    public bool IsSimulated => File.Exists(Path.Combine(Run, "aiinfra-simulator"));

    /// <summary>The kernel's random id of this boot (/proc/sys/kernel/random/boot_id, see random(4)); empty when it cannot be read.</summary>
    public string ReadBootId() => ReadOr("", Path.Combine(Proc, "sys/kernel/random/boot_id"));

    /// <summary>The host's id that outlives boots, machine-id(5); empty when it cannot be read.</summary>
    public string ReadMachineId() => ReadOr("", Path.Combine(Root, "etc/machine-id"));

    /// <summary>NUMA node of a PCI device (sysfs <c>numa_node</c>); null when unknown or negative, as on single-node hosts.</summary>
    /// <param name="pciAddress">As <see cref="Devices.PciAddress"/> prints it: <c>0000:3b:00.0</c>.</param>
    public int? ReadNumaNode(string pciAddress)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(Sys, "bus/pci/devices", pciAddress, "numa_node"));
            return int.TryParse(text.AsSpan().Trim(), out var node) && node >= 0 ? node : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string ReadOr(string fallback, string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fallback;
        }
    }
}
