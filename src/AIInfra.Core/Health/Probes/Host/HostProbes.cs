using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes.Host;

/// <summary>The probes of what every host has.</summary>
public static class HostProbes
{
    public static ImmutableArray<ProbeDefinition> All { get; } =
    [
        MountProbe.Definition, FileSystemProbe.Definition, LimitProbe.Definition, MemoryProbe.Definition, EdacProbe.Definition, DiskProbe.Definition,
        TaskProbe.Definition, ClockProbe.Definition, RebootProbe.Definition,
    ];
}
