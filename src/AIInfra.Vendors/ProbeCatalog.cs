using System.Collections.Immutable;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Health.Probes.Host;

namespace AIInfra.Vendors;

/// <summary>Every probe that the agent has, in the order of the reference.</summary>
public static class ProbeCatalog
{
    public static ImmutableArray<ProbeDefinition> All { get; } = [.. HostProbes.All];
}
