namespace AIInfra.Kubernetes.Remediation;

/// <summary>How many nodes may be disrupted at once, by leases in the cluster. Section <c>remediation.lease</c>; the same on every node.</summary>
public sealed record LeaseOptions
{
    public required string NodeName { get; init; }
    /// <summary>Key of the node label whose value names the failure domain; empty: the whole cluster is one.</summary>
    public string DomainLabel { get; init; } = "";
    /// <summary>Nodes of a domain at once: 1 to 16.</summary>
    public int Slots { get; init; } = 1;
    public string Namespace { get; init; } = "aiinfra-system";

    /// <summary>So long nobody else takes the place of a holder that is silent: longer than a node takes to boot, because one that boots is silent.</summary>
    internal TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(30);
    /// <summary>A holder that could not renew for so long stops.</summary>
    internal TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(60);
    internal TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(15);
}
