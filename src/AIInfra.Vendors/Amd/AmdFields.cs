using System.Collections.Immutable;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Amd;

/// <summary>What sysfs tells of an AMD GPU, in base units. Compute partitions of one GPU tell their own memory and load; sensors are the board's.</summary>
internal static class AmdFields
{
    public const string Vendor = "amd";

    /// <summary>Blocks with error counters, by the names of their files.</summary>
    public static ImmutableArray<string> Blocks { get; } =
        ["umc", "sdma", "gfx", "mmhub", "athub", "pcie_bif", "hdp", "xgmi_wafl", "df", "smn", "sem", "mp0", "mp1", "fuse", "mca", "vcn", "jpeg"];

    public static FieldTable Table { get; } = new(Vendor,
    [
        new("utilization_ratio", FieldKind.Gauge),
        new("memory_activity_ratio", FieldKind.Gauge),
        new("memory_total_bytes", FieldKind.Gauge),
        new("memory_used_bytes", FieldKind.Gauge),
        new("visible_memory_total_bytes", FieldKind.Gauge),
        new("visible_memory_used_bytes", FieldKind.Gauge),
        new("gtt_total_bytes", FieldKind.Gauge),
        new("gtt_used_bytes", FieldKind.Gauge),
        new("temperature_edge_celsius", FieldKind.Gauge),
        new("temperature_junction_celsius", FieldKind.Gauge),
        new("temperature_memory_celsius", FieldKind.Gauge),
        new("temperature_critical_celsius", FieldKind.Gauge), // of the junction, else of the edge
        new("power_watts", FieldKind.Gauge),
        new("power_limit_watts", FieldKind.Gauge),
        new("fan_rpm", FieldKind.Gauge),
        new("pcie_replays_total", FieldKind.Counter),
        new("pcie_link_speed_gigatransfers", FieldKind.Gauge),
        new("pcie_link_width", FieldKind.Gauge),
        new("xgmi_error", FieldKind.Gauge), // 0 none, 1 one, 2 several
        new("retired_pages", FieldKind.Gauge),
        new("retired_pages_pending", FieldKind.Gauge),
        new("ecc_uncorrected_total", FieldKind.Counter), // of all blocks, since the driver was loaded
        new("ecc_corrected_total", FieldKind.Counter),
        new("ecc_deferred_total", FieldKind.Counter),
        .. Blocks.Select(block => new Field($"ecc_uncorrected_{block}_total", FieldKind.Counter)),
        .. Blocks.Select(block => new Field($"ecc_corrected_{block}_total", FieldKind.Counter)),
        .. AmdMetricsReader.Rows.Select(row => new Field(row.Field, row.Kind)),
    ]);
}
