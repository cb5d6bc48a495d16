using System.Collections.Immutable;
using AIInfra.Core.Health.Probes;

namespace AIInfra.Vendors.Nvidia.Probes;

/// <summary>The probes of what NVIDIA boards need on the host.</summary>
internal static class NvidiaProbes
{
    public static ImmutableArray<ProbeDefinition> All { get; } =
        [NvidiaDriverProbe.Definition, NvidiaNodeProbe.Definition, NvidiaServiceProbe.Definition, NvidiaLinkErrorProbe.Definition];
}
