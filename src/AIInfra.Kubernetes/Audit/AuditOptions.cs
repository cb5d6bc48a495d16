using System.Collections.Immutable;

namespace AIInfra.Kubernetes.Audit;

/// <summary>Section <c>kubelet.audit</c>.</summary>
public sealed record AuditOptions
{
    /// <summary>Compare who was given a device with who has it open; by default on.</summary>
    public bool Enabled { get; init; } = true;
    /// <summary>Names of processes that may have any device open, as /proc/PID/comm shows them: the vendors' own daemons and tools. Only the first
    /// 15 characters count, the kernel keeps no more.</summary>
    public ImmutableArray<string> Allowed { get; init; } = [];
}
