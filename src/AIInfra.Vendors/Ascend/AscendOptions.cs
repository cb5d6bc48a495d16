namespace AIInfra.Vendors.Ascend;

/// <summary>How a container gets its NPUs.</summary>
public enum AscendInjection
{
    /// <summary>By the Ascend Docker Runtime where it is on the host, else as device nodes and mounts.</summary>
    ByHost,
    /// <summary>By an environment variable, which the Ascend Docker Runtime reads.</summary>
    Runtime,
    /// <summary>Device nodes, and the driver's files as mounts: any runtime can do it.</summary>
    Nodes,
    /// <summary>By names of CDI devices, through the kubelet.</summary>
    Cdi,
}

/// <summary>What is offered of NPUs and how a container gets them. Section <c>vendors.ascend</c>. Immutable.</summary>
public sealed record AscendOptions
{
    public AscendInjection Injection { get; init; }
}
