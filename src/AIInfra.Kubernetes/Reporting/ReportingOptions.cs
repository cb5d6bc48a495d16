using System.Collections.Immutable;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>What is told to the API server, and how it is reached. Section <c>kubernetes</c>.</summary>
public sealed record ReportingOptions
{
    public required string NodeName { get; init; }
    /// <summary>Empty: the pod's service account, if this runs in a pod; else nothing is reported.</summary>
    public string Kubeconfig { get; init; } = "";
    /// <summary>False: the API server is never spoken to.</summary>
    public bool Report { get; init; } = true;
    /// <summary><c>remediation.drain: self</c>: the agent sets the taint itself. Otherwise it never touches a node's spec.</summary>
    public bool SetsTaint { get; init; }
    /// <summary>The agent moves pods itself: those of this node are followed for that.</summary>
    public bool MovesPods { get; init; }
    /// <summary>The pods of this node are followed, for metrics.</summary>
    public bool FollowsPods { get; init; }
    /// <summary>Keys of their labels that are kept; one that ends with an asterisk stands for all that begin so.</summary>
    public ImmutableArray<string> PodLabels { get; init; } = [];
    /// <summary>Version of the agent, for the User-Agent.</summary>
    public required string Version { get; init; }
    /// <summary>The kernel's id of this boot; empty when unknown.</summary>
    public string BootId { get; init; } = "";
    /// <summary>The host's machine-id(5); empty when unknown.</summary>
    public string MachineId { get; init; } = "";

    /// <summary>Names that the agent gives to what it writes.</summary>
    public const string Prefix = "aiinfra.io/", Controller = "aiinfra.io/agent";
}
