using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes.Fabric;

/// <summary>The probes of buses and networks that any vendor's devices hang on.</summary>
public static class FabricProbes
{
    public static ImmutableArray<ProbeDefinition> All { get; } = [PcieLinkProbe.Definition, RdmaPortProbe.Definition];
}
