using System.Collections.Immutable;
using AIInfra.Core.Health.Probes;
using AIInfra.Kubernetes.Probes;
using AIInfra.Vendors;

namespace AIInfra.Agent.Configuration;

/// <summary>Every probe of the daemon and of <c>diag</c>, in the order of the reference.</summary>
internal static class AgentProbes
{
    public static ImmutableArray<ProbeDefinition> All { get; } = [.. ProbeCatalog.All, CriProbe.Definition];
}
