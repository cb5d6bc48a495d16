using System.Collections.Immutable;
using AIInfra.Core.Health.Logs;

namespace AIInfra.Core.Health.Packs;

/// <summary>The packs of what every host has: buses, memory, kernel, disks, mounts, network, services.</summary>
public static class HostPacks
{
    /// <summary>In the order of the reference.</summary>
    public static ImmutableArray<string> Names { get; } = ["pcie", "memory", "kernel", "storage", "filesystems", "mounts", "network", "services"];

    /// <param name="isWhole">See <see cref="RulePack.ReadEmbedded"/>.</param>
    public static ImmutableArray<LogRule> Read(string name, bool isWhole = false) => RulePack.ReadEmbedded(typeof(HostPacks).Assembly, $"host.{name}.yaml", isWhole);
}
