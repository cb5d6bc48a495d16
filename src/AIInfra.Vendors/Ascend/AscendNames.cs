using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>Device nodes that every container with an NPU needs, beside the NPU's own.</summary>
internal static class AscendNodes
{
    public static ImmutableArray<string> Common { get; } = ["davinci_manager", "devmm_svm", "hisi_hdc"];

    /// <summary>What newer boards and other products have as well; given where it is there.</summary>
    public static ImmutableArray<string> Optional { get; } = ["dvpp_cmdlist", "uburma", "ummu"];
}

/// <summary>Sizes of virtual NPUs: <c>vir04_3c_ndvpp</c> is <c>4c.3cpu.ndvpp</c> in the name of a resource.</summary>
internal static class AscendTemplates
{
    private const string Head = "vir";

    /// <summary>Null for a name that is no template's.</summary>
    public static string? SuffixOf(string template)
    {
        if (!template.StartsWith(Head, StringComparison.Ordinal) || template.Length > 32)
            return null;
        var parts = template[Head.Length..].Split('_');
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var cores) || cores is < 1 or > 99)
            return null;
        var words = new List<string> { SuffixOf(cores) };
        foreach (var part in parts.Skip(1))
        {
            if (part is "dvpp" or "ndvpp" or "m")
                words.Add(part);
            else if (part.Length > 1 && part[^1] is 'c' or 'g' && part[..^1].All(char.IsAsciiDigit))
                words.Add(part[^1] == 'c' ? $"{part}pu" : part);
            else
                return null;
        }
        return string.Join('.', words);
    }

    /// <summary>By the cores alone.</summary>
    public static string SuffixOf(int cores) => string.Create(CultureInfo.InvariantCulture, $"{cores}c");
}

/// <summary>The events of this vendor. The value is the code, with the driver's severity above it.</summary>
internal static class AscendEvent
{
    public const string Recovered = "fault-recovered", Raised = "fault-raised", OneOff = "fault-once";

    public static VendorEvent Of(string? deviceId, DcmiFault fault) =>
        new(deviceId, fault.Assertion switch { 0 => Recovered, 1 => Raised, _ => OneOff }, fault.Code | ((long)Math.Clamp(fault.Severity, 0, 3) << 32), null);

    public static (uint Code, int Severity) Parse(long value) => ((uint)value, (int)(value >> 32) & 3);
}
