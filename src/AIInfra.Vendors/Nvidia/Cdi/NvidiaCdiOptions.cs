using System.Collections.Immutable;

namespace AIInfra.Vendors.Nvidia.Cdi;

/// <summary>What the CDI specs of NVIDIA boards hold, in the terms of NVIDIA's device plugin.</summary>
public sealed record NvidiaCdiOptions
{
    /// <summary>Root of the driver's files on the host; null: / or the folder of the driver container, wherever the libraries are.</summary>
    public string? DriverRoot { get; init; }
    /// <summary>nvidia-cdi-hook or nvidia-ctk on the host; null: looked for in the usual folders.</summary>
    public string? HookPath { get; init; }
    /// <summary>Hooks to leave out by name; <c>all</c> for all, and then no hook program is needed.</summary>
    public ImmutableHashSet<string> DisabledHooks { get; init; } = [];
    /// <summary>Also GPUDirect Storage, as <c>gds=all</c>.</summary>
    public bool Gds { get; init; }
    /// <summary>Also RDMA devices, as <c>mofed=all</c>.</summary>
    public bool Mofed { get; init; }
    /// <summary>Also GDRCopy, as <c>gdrcopy=all</c>.</summary>
    public bool GdrCopy { get; init; }
    /// <summary>Also these IMEX channels, as <c>imex-channel=N</c>.</summary>
    public ImmutableArray<int> ImexChannels { get; init; } = [];
}
