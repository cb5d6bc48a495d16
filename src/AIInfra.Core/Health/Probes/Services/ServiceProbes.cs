using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>The probes of the node's services that speak HTTP or DNS, or show in files. Each looks only where its service is found.</summary>
public static class ServiceProbes
{
    public static ImmutableArray<ProbeDefinition> All { get; } = [KubeletProbe.Definition, DockerProbe.Definition, CniProbe.Definition, DnsProbe.Definition, ImageProbe.Definition];
}
