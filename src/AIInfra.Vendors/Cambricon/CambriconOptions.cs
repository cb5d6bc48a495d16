using System.Collections.Immutable;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What is offered of MLUs, in the words of Cambricon's device plugin.</summary>
public enum CambriconMode
{
    /// <summary>What is there: whole boards, and the instances of those that are divided.</summary>
    AsFound,
    /// <summary>Whole boards only.</summary>
    Whole,
    /// <summary>Each whole board several times, without isolation.</summary>
    EnvShare,
}

/// <summary>What several MLUs of one container must be joined by.</summary>
public enum MluLinkPolicy
{
    /// <summary>By as many MLU-Link rings as there can be.</summary>
    BestEffort,
    /// <summary>By one ring at least.</summary>
    Guaranteed,
    /// <summary>Two by two rings, four by four, other numbers by one.</summary>
    Restricted,
}

/// <summary>How a container gets its MLUs.</summary>
public enum CambriconInjection
{
    /// <summary>By device nodes.</summary>
    Nodes,
    /// <summary>By an environment variable that Cambricon's container runtime reads.</summary>
    Runtime,
    /// <summary>By names of CDI devices, through the kubelet.</summary>
    Cdi,
}

/// <summary>Section <c>vendors.cambricon</c>. Immutable.</summary>
public sealed record CambriconOptions
{
    public CambriconMode Mode { get; init; }
    /// <summary>How often a board is offered with <see cref="CambriconMode.EnvShare"/>.</summary>
    public int Shares { get; init; } = 1;
    public MluLinkPolicy LinkPolicy { get; init; }
    /// <summary>Resources are named by the model: cambricon.com/mlu370.</summary>
    public bool IsNamedByModel { get; init; }
    /// <summary>Also offers cambricon.com/real-mlu-counts, which only counts.</summary>
    public bool OffersCounts { get; init; }
    public CambriconInjection Injection { get; init; }
    /// <summary>The folder of RPMsg nodes is mounted as well.</summary>
    public bool MountsRpmsg { get; init; }
    /// <summary>The console's node too.</summary>
    public bool HasConsole { get; init; }
    /// <summary>The vendor's tool on the host, mounted read-only; empty: not.</summary>
    public string ToolPath { get; init; } = "";
    /// <summary>Program and arguments that reset one board; <c>{card}</c> is its number. Empty: by the library, where it has a call for it.</summary>
    public ImmutableArray<string> ResetCommand { get; init; } = [];
}
