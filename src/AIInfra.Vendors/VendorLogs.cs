using System.Collections.Immutable;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Packs;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.Vendors;

/// <summary>All that is known of the lines of logs: the vendors' decoders and packs, and the host's packs.</summary>
public static class VendorLogs
{
    /// <summary>The vendors whose lines packs alone can read, in the order of the reference.</summary>
    internal static ImmutableArray<string> Packs { get; } = ["amd", "ascend", "cambricon", "intel", "rdma"];

    /// <summary>New decoders: one set serves one log.</summary>
    public static IReadOnlyList<ILogRules> Decoders() => [new NvidiaLogRules()];

    /// <summary>Names under which the vendors' own services log to the journal.</summary>
    public static ImmutableArray<string> Services { get; } = ["nv-fabricmanager", "nvidia-persistenced", "nv-hostengine"];

    /// <summary>The rules of all packs of this build, read once.</summary>
    public static ImmutableArray<LogRule> Rules { get; } =
        [.. NvidiaLogRules.Rules, .. Packs.SelectMany(name => Read(name)), .. HostPacks.Names.SelectMany(name => HostPacks.Read(name))];

    /// <param name="isWhole">See <see cref="RulePack.ReadEmbedded"/>.</param>
    internal static ImmutableArray<LogRule> Read(string name, bool isWhole = false) => RulePack.ReadEmbedded(typeof(VendorLogs).Assembly, $"{name}.rules.yaml", isWhole);
}
