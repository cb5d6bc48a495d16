using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes.Services;

/// <summary>The probes of the node's services: by systemd, by HTTP or DNS, and by their files. Each looks only where its service is found.</summary>
public static class ServiceProbes
{
    /// <inheritdoc cref="FailedUnitsProbe.Usual"/>
    public static ImmutableArray<string> UsualUnits => FailedUnitsProbe.Usual;

    /// <inheritdoc cref="FailedUnitsProbe.IsPattern"/>
    public static bool IsUnitPattern(string text) => FailedUnitsProbe.IsPattern(text);

    public static ImmutableArray<ProbeDefinition> All { get; } = [KubeletProbe.Definition, DockerProbe.Definition, CniProbe.Definition, DnsProbe.Definition, ImageProbe.Definition, FailedUnitsProbe.Definition];
}
