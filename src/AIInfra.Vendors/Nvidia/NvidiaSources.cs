using System.Collections.Frozen;
using System.Globalization;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Where each field comes from, for the reference: NVML's call, or the number of its field value or of its performance metric.</summary>
internal static class NvidiaSources
{
    private const string Fabric = "nvmlDeviceGetGpuFabricInfoV", Confidential = "nvmlSystemGetConfComputeState", Memory = "nvmlDeviceGetMemoryInfo_v2";
    private const string BoardOnly = "partitions", NoFabric = "partitions; boards without an NVLink fabric", BeforeAmpere = "partitions; boards before Ampere";

    private static readonly FrozenDictionary<string, (string Source, string Absence)> ByName = new Dictionary<string, (string, string)>
    {
        ["sm_clock_hertz"] = ("nvmlDeviceGetClockInfo", BoardOnly),
        ["memory_clock_hertz"] = ("nvmlDeviceGetClockInfo", BoardOnly),
        ["temperature_celsius"] = ("nvmlDeviceGetTemperatureV", BoardOnly),
        ["temperature_margin_celsius"] = ("nvmlDeviceGetMarginTemperature", BoardOnly),
        ["power_watts"] = ("nvmlDeviceGetPowerUsage", BoardOnly),
        ["power_limit_watts"] = ("nvmlDeviceGetEnforcedPowerLimit", BoardOnly),
        ["energy_joules_total"] = ("nvmlDeviceGetTotalEnergyConsumption", "partitions; boards before Volta"),
        ["clock_event_reasons"] = ("nvmlDeviceGetCurrentClocksEventReasons", BoardOnly),
        ["pcie_replays_total"] = ("nvmlDeviceGetPcieReplayCounter", BoardOnly),
        ["utilization_ratio"] = ("nvmlDeviceGetUtilizationRates", "divided boards and partitions"),
        ["memory_copy_utilization_ratio"] = ("nvmlDeviceGetUtilizationRates", "divided boards and partitions"),
        ["encoder_utilization_ratio"] = ("nvmlDeviceGetEncoderUtilization", "divided boards and partitions"),
        ["decoder_utilization_ratio"] = ("nvmlDeviceGetDecoderUtilization", "divided boards and partitions"),
        ["last_xid"] = ("NVML events", "boards whose driver tells none"),
        ["memory_total_bytes"] = (Memory, ""),
        ["memory_free_bytes"] = (Memory, ""),
        ["memory_used_bytes"] = (Memory, ""),
        ["memory_reserved_bytes"] = (Memory, "drivers before 510"),
        ["bar1_total_bytes"] = ("nvmlDeviceGetBAR1MemoryInfo", BoardOnly),
        ["bar1_used_bytes"] = ("nvmlDeviceGetBAR1MemoryInfo", BoardOnly),
        ["compute_processes"] = ("nvmlDeviceGetComputeRunningProcesses_v3", ""),
        ["compute_process_memory_bytes"] = ("nvmlDeviceGetComputeRunningProcesses_v3", ""),
        ["nvlink_bytes_per_second"] = ("field values 138 and 139 of two rounds", "boards without NVLink; the first round"),
        ["nvlink_sent_bytes_total"] = ("field value 138", "boards without NVLink"),
        ["nvlink_received_bytes_total"] = ("field value 139", "boards without NVLink"),
        ["nvlink_links_up"] = ("nvmlDeviceGetNvLinkState", "boards without NVLink"),
        ["nvlink_links_down"] = ("nvmlDeviceGetNvLinkState", "boards without NVLink"),
        ["vgpu_license_status"] = ("nvmlDeviceGetGridLicensableFeatures_v4", BoardOnly),
        ["row_remap_banks_max"] = ("nvmlDeviceGetRowRemapperHistogram", BeforeAmpere),
        ["row_remap_banks_high"] = ("nvmlDeviceGetRowRemapperHistogram", BeforeAmpere),
        ["row_remap_banks_partial"] = ("nvmlDeviceGetRowRemapperHistogram", BeforeAmpere),
        ["row_remap_banks_low"] = ("nvmlDeviceGetRowRemapperHistogram", BeforeAmpere),
        ["row_remap_banks_none"] = ("nvmlDeviceGetRowRemapperHistogram", BeforeAmpere),
        ["sram_threshold_exceeded"] = ("nvmlDeviceGetSramEccErrorStatus", BeforeAmpere),
        ["inforom_corrupted"] = ("nvmlDeviceValidateInforom", BoardOnly),
        ["fabric_state"] = (Fabric, NoFabric),
        ["fabric_status"] = (Fabric, NoFabric),
        ["fabric_health_mask"] = (Fabric, NoFabric),
        ["fabric_health_summary"] = (Fabric, NoFabric),
        ["c2c_enabled"] = ("nvmlDeviceGetC2cModeInfoV", BoardOnly),
        ["vgpu_instances"] = ("nvmlDeviceGetActiveVgpus", BoardOnly),
        ["confidential_computing"] = (Confidential, BoardOnly),
        ["confidential_environment"] = (Confidential, BoardOnly),
        ["confidential_dev_tools"] = (Confidential, BoardOnly),
        ["confidential_ready"] = ("nvmlSystemGetConfComputeGpusReadyState", BoardOnly),
    }.ToFrozenDictionary();

    /// <summary>The same field with its source.</summary>
    public static Field Add(Field field) => ByName.TryGetValue(field.Name, out var known) ? field with { Source = known.Source, Absence = known.Absence } : field;

    public static Field Of(NvidiaFieldRow row) => new(row.Name, row.Kind) { Source = string.Create(CultureInfo.InvariantCulture, $"field value {row.Id}"), Absence = BoardOnly };

    public static Field Of(NvidiaNumberRow row) => new(row.Name, FieldKind.Gauge)
    {
        Source = row.Symbol,
        Absence = row.Pace == NvidiaPace.Costly ? "partitions; all, unless `vendors.nvidia.pcieThroughput` is true" : BoardOnly,
    };

    public static Field Of(NvidiaProfileRow row) => new(row.Name, FieldKind.Gauge)
    {
        Source = string.Create(CultureInfo.InvariantCulture, $"GPM metric {row.Metric}"),
        Absence = "boards before Hopper; the first round",
    };
}
