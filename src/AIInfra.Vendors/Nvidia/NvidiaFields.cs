using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What NVML tells of a GPU, in base units.</summary>
internal static class NvidiaFields
{
    public static FieldTable Table { get; } = new("nvidia",
    [
        new("sm_clock_hertz", FieldKind.Gauge),
        new("memory_clock_hertz", FieldKind.Gauge),
        new("memory_temperature_celsius", FieldKind.Gauge),
        new("temperature_celsius", FieldKind.Gauge),
        new("power_watts", FieldKind.Gauge),
        new("power_limit_watts", FieldKind.Gauge),
        new("energy_joules_total", FieldKind.Counter),
        new("pcie_replays_total", FieldKind.Counter),
        new("utilization_ratio", FieldKind.Gauge),
        new("memory_copy_utilization_ratio", FieldKind.Gauge),
        new("encoder_utilization_ratio", FieldKind.Gauge),
        new("decoder_utilization_ratio", FieldKind.Gauge),
        new("last_xid", FieldKind.Gauge), // 0 until one was seen by this process
        new("memory_free_bytes", FieldKind.Gauge),
        new("memory_used_bytes", FieldKind.Gauge),
        new("memory_reserved_bytes", FieldKind.Gauge),
        new("nvlink_bytes_per_second", FieldKind.Gauge), // sent and received over all links since the round before
        new("vgpu_license_status", FieldKind.Gauge),
        new("remapped_rows_uncorrectable_total", FieldKind.Counter),
        new("remapped_rows_correctable_total", FieldKind.Counter),
        new("row_remap_failed", FieldKind.Gauge),
        new("ecc_volatile_corrected_total", FieldKind.Counter),
        new("ecc_volatile_uncorrected_total", FieldKind.Counter),
        new("ecc_aggregate_corrected_total", FieldKind.Counter),
        new("ecc_aggregate_uncorrected_total", FieldKind.Counter),
        new("recovery_action", FieldKind.Gauge), // field value 230; the values are those of NvidiaRecovery
    ]);
}
