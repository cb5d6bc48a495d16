using System.Collections.Immutable;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Intel;

/// <summary>The resource of all GPUs together, for programs that watch them.</summary>
public enum IntelMonitoring
{
    Off,
    /// <summary>One: gpu.intel.com/monitoring.</summary>
    Together,
    /// <summary>One a kernel driver: gpu.intel.com/i915_monitoring, gpu.intel.com/xe_monitoring.</summary>
    ByDriver,
}

/// <summary>Which links of /dev/dri/by-path a container gets.</summary>
public enum IntelByPath
{
    /// <summary>Those of its GPUs.</summary>
    Own,
    None,
    /// <summary>The whole folder.</summary>
    Folder,
}

/// <summary>How Intel GPUs are offered and judged, by the flags of Intel's own device plugin. Section <c>vendors.intel</c>.</summary>
public sealed record IntelOptions
{
    /// <summary>Containers that one GPU is given to at a time: 1 to 1000, by default 1.</summary>
    public int SharedDevNum { get; init; } = 1;
    public SharedPlacement Placement { get; init; } = SharedPlacement.InOrder;
    public IntelMonitoring Monitoring { get; init; }
    public IntelByPath ByPath { get; init; }
    /// <summary>Containers get their GPUs by CDI names, and not as device nodes.</summary>
    public bool UsesCdi { get; init; }
    /// <summary>PCI device ids, <c>0bd5</c>: only these are offered; empty for all.</summary>
    public ImmutableArray<string> AllowIds { get; init; } = [];
    /// <summary>PCI device ids that are not offered.</summary>
    public ImmutableArray<string> DenyIds { get; init; } = [];
    /// <summary>Degrees Celsius above which a GPU gets no new work; by default 100.</summary>
    public int TemperatureLimit { get; init; } = 100;
    /// <summary>The same of its memory.</summary>
    public int MemoryTemperatureLimit { get; init; } = 100;

    /// <summary>Four hexadecimal digits, with or without 0x, in lower case; null for anything else.</summary>
    public static string? ParseId(string text)
    {
        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return digits.Length == 4 && digits.All(char.IsAsciiHexDigit) ? digits.ToLowerInvariant() : null;
    }
}
