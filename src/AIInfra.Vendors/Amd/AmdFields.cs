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
        new("utilization_ratio", FieldKind.Gauge) { Source = "gpu_busy_percent, else gpu_metrics" },
        new("memory_activity_ratio", FieldKind.Gauge) { Source = "mem_busy_percent, else gpu_metrics" },
        new("memory_total_bytes", FieldKind.Gauge) { Source = "mem_info_vram_total" },
        new("memory_used_bytes", FieldKind.Gauge) { Source = "mem_info_vram_used" },
        new("visible_memory_total_bytes", FieldKind.Gauge) { Source = "mem_info_vis_vram_total" },
        new("visible_memory_used_bytes", FieldKind.Gauge) { Source = "mem_info_vis_vram_used" },
        new("gtt_total_bytes", FieldKind.Gauge) { Source = "mem_info_gtt_total" },
        new("gtt_used_bytes", FieldKind.Gauge) { Source = "mem_info_gtt_used" },
        new("temperature_edge_celsius", FieldKind.Gauge) { Source = "hwmon edge, else gpu_metrics" },
        new("temperature_junction_celsius", FieldKind.Gauge) { Source = "hwmon junction, else gpu_metrics" },
        new("temperature_memory_celsius", FieldKind.Gauge) { Source = "hwmon mem, else gpu_metrics" },
        new("temperature_critical_celsius", FieldKind.Gauge) { Source = "hwmon tempN_crit" }, // of the junction, else of the edge
        new("power_watts", FieldKind.Gauge) { Source = "hwmon power1_average or power1_input, else gpu_metrics" },
        new("power_limit_watts", FieldKind.Gauge) { Source = "hwmon power1_cap" },
        new("fan_rpm", FieldKind.Gauge) { Source = "hwmon fan1_input" },
        new("pcie_replays_total", FieldKind.Counter) { Source = "pcie_replay_count, else gpu_metrics" },
        new("pcie_link_speed_gigatransfers", FieldKind.Gauge) { Source = "current_link_speed, else gpu_metrics" },
        new("pcie_link_width", FieldKind.Gauge) { Source = "current_link_width, else gpu_metrics" },
        new("xgmi_error", FieldKind.Gauge) { Source = "xgmi_error" }, // 0 none, 1 one, 2 several
        new("retired_pages", FieldKind.Gauge) { Source = "ras/gpu_vram_bad_pages" },
        new("retired_pages_pending", FieldKind.Gauge) { Source = "ras/gpu_vram_bad_pages" },
        new("ecc_uncorrected_total", FieldKind.Counter) { Source = "ras/*_err_count ue" }, // of all blocks, since the driver was loaded
        new("ecc_corrected_total", FieldKind.Counter) { Source = "ras/*_err_count ce" },
        new("ecc_deferred_total", FieldKind.Counter) { Source = "ras/*_err_count de" },
        .. Blocks.Select(block => new Field($"ecc_uncorrected_{block}_total", FieldKind.Counter) { Source = $"ras/{block}_err_count ue" }),
        .. Blocks.Select(block => new Field($"ecc_corrected_{block}_total", FieldKind.Counter) { Source = $"ras/{block}_err_count ce" }),
        .. AmdMetricsReader.Rows.Select(row => new Field(row.Field, row.Kind) { Source = $"gpu_metrics {row.Members}" }),
    ]);
}
