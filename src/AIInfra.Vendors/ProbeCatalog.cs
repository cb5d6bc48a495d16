using System.Collections.Immutable;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Fabric;
using AIInfra.Core.Health.Probes.Host;
using AIInfra.Core.Health.Probes.Services;
using AIInfra.Vendors.Nvidia.Probes;

namespace AIInfra.Vendors;

/// <summary>Every probe that the agent has, in the order of the reference.</summary>
public static class ProbeCatalog
{
    public static ImmutableArray<ProbeDefinition> All { get; } = [.. HostProbes.All, .. FabricProbes.All, .. NvidiaProbes.All, .. ServiceProbes.All];
}
