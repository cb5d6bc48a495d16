using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The names, units and labels of dcgm-exporter up to 4.8.2: its default set, and the rows that it ships commented out.</summary>
/// <remarks>Differences on purpose: a value that is absent has no line, label values are escaped, and a divided GPU keeps its own rows beside
/// those of its partitions, which dcgm-exporter drops. The <c>DCGM_FI_PROF_*</c> rows are there on Hopper and newer alone: before, they
/// would need DCGM's profiling module.</remarks>
internal static class NvidiaDcgmProfile
{
    private const double Mega = 1e-6, Mebi = 1.0 / (1 << 20), Milli = 1e3, Nano = 1e9, Percent = 100;
    /// <summary>DCGM divides the driver's KiB by 1000 and calls it megabytes.</summary>
    private const double NvlinkMega = 1.0 / (1024 * 1000);

    public static MetricProfile Profile { get; } = new()
    {
        Name = "dcgm",
        Vendor = NvidiaFields.Table.Vendor,
        Labels = Labels,
        IsTextOnly = true,
        Families =
        [
            Gauge("SM_CLOCK", "Clock of the streaming multiprocessors, in MHz.", "sm_clock_hertz", Mega),
            Gauge("MEM_CLOCK", "Clock of the memory, in MHz.", "memory_clock_hertz", Mega),
            Gauge("MEMORY_TEMP", "Temperature of the memory, in degrees Celsius.", "memory_temperature_celsius"),
            Gauge("GPU_TEMP", "Temperature of the GPU, in degrees Celsius.", "temperature_celsius"),
            Gauge("POWER_USAGE", "Power drawn by the board, in watts.", "power_watts") with { IsInteger = false },
            Counter("TOTAL_ENERGY_CONSUMPTION", "Energy used since the driver was loaded, in millijoules.", "energy_joules_total", Milli),
            Counter("PCIE_REPLAY_COUNTER", "PCIe packets that had to be sent again.", "pcie_replays_total"),
            Gauge("GPU_UTIL", "Share of the last window in which a kernel ran, in percent.", "utilization_ratio", Percent),
            Gauge("MEM_COPY_UTIL", "Share of the last window in which memory was read or written, in percent.", "memory_copy_utilization_ratio", Percent),
            Gauge("ENC_UTIL", "Use of the video encoder, in percent.", "encoder_utilization_ratio", Percent),
            Gauge("DEC_UTIL", "Use of the video decoder, in percent.", "decoder_utilization_ratio", Percent),
            Gauge("XID_ERRORS", "The last Xid seen; 0 before the first.", "last_xid"),
            Gauge("FB_FREE", "Framebuffer memory that is free, in MiB.", "memory_free_bytes", Mebi),
            Gauge("FB_USED", "Framebuffer memory in use, in MiB.", "memory_used_bytes", Mebi),
            Gauge("FB_RESERVED", "Framebuffer memory that the driver keeps for itself, in MiB.", "memory_reserved_bytes", Mebi),
            Counter("NVLINK_BANDWIDTH_TOTAL", "Data sent and received over all NVLinks, in MB/s: a rate, though its type says otherwise.", "nvlink_bytes_per_second", NvlinkMega),
            Gauge("VGPU_LICENSE_STATUS", "1 while a vGPU licence is held.", "vgpu_license_status"),
            Counter("UNCORRECTABLE_REMAPPED_ROWS", "Memory rows replaced after errors that could not be corrected.", "remapped_rows_uncorrectable_total"),
            Counter("CORRECTABLE_REMAPPED_ROWS", "Memory rows replaced after errors that were corrected.", "remapped_rows_correctable_total"),
            Gauge("ROW_REMAP_FAILURE", "1 when a memory row could not be replaced.", "row_remap_failed"),
            Profiling("GR_ENGINE_ACTIVE", "Share of the time in which the graphics or compute engine was busy, 0 to 1.", "graphics_engine_active_ratio"),
            Profiling("PIPE_TENSOR_ACTIVE", "Share of the time in which a tensor pipe was busy, 0 to 1.", "tensor_active_ratio"),
            Profiling("DRAM_ACTIVE", "Share of the time in which the memory interface was busy, 0 to 1.", "memory_active_ratio"),
            Profiling("PCIE_TX_BYTES", "Sent over PCIe with headers, in bytes per second.", "pcie_sent_bytes_per_second") with { IsInteger = true },
            Profiling("PCIE_RX_BYTES", "Received over PCIe with headers, in bytes per second.", "pcie_received_bytes_per_second") with { IsInteger = true },
            Profiling("SM_ACTIVE", "Share of the time in which a multiprocessor had at least one warp, 0 to 1.", "sm_active_ratio"),
            Profiling("SM_OCCUPANCY", "Resident warps as a share of what the multiprocessors can hold, 0 to 1.", "sm_occupancy_ratio"),
            Profiling("PIPE_FP64_ACTIVE", "Share of the time in which the FP64 pipe was busy, 0 to 1.", "fp64_active_ratio"),
            Profiling("PIPE_FP32_ACTIVE", "Share of the time in which the FP32 pipe was busy, 0 to 1.", "fp32_active_ratio"),
            Profiling("PIPE_FP16_ACTIVE", "Share of the time in which the FP16 pipe was busy, 0 to 1.", "fp16_active_ratio"),
            Counter("POWER_VIOLATION", "Time slowed by the power limit, in nanoseconds.", "slowed_power_seconds_total", Nano),
            Counter("THERMAL_VIOLATION", "Time slowed by heat, in nanoseconds.", "slowed_thermal_seconds_total", Nano),
            Counter("SYNC_BOOST_VIOLATION", "Time slowed to the clocks of a boost group, in nanoseconds.", "slowed_sync_boost_seconds_total", Nano),
            Counter("BOARD_LIMIT_VIOLATION", "Time slowed by a limit of the board, in nanoseconds.", "slowed_board_limit_seconds_total", Nano),
            Counter("LOW_UTIL_VIOLATION", "Time at lower clocks for want of work, in nanoseconds.", "slowed_low_utilization_seconds_total", Nano),
            Counter("RELIABILITY_VIOLATION", "Time slowed by the board's reliability limit, in nanoseconds.", "slowed_reliability_seconds_total", Nano),
            Counter("ECC_SBE_VOL_TOTAL", "Memory errors that were corrected, since the driver was loaded.", "ecc_volatile_corrected_total"),
            Counter("ECC_DBE_VOL_TOTAL", "Memory errors that could not be corrected, since the driver was loaded.", "ecc_volatile_uncorrected_total"),
            Counter("ECC_SBE_AGG_TOTAL", "Memory errors that were corrected, in the board's life.", "ecc_aggregate_corrected_total"),
            Counter("ECC_DBE_AGG_TOTAL", "Memory errors that could not be corrected, in the board's life.", "ecc_aggregate_uncorrected_total"),
            Counter("RETIRED_SBE", "Memory pages retired after corrected errors; boards before Ampere.", "retired_pages_single_bit_total"),
            Counter("RETIRED_DBE", "Memory pages retired after errors that could not be corrected; boards before Ampere.", "retired_pages_double_bit_total"),
            Counter("RETIRED_PENDING", "Memory pages that are retired at the next reset; boards before Ampere.", "retired_pages_pending"),
            Counter("NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", "Flow-control CRC errors of all NVLinks.", "nvlink_crc_flit_errors_total"),
            Counter("NVLINK_CRC_DATA_ERROR_COUNT_TOTAL", "Data CRC errors of all NVLinks.", "nvlink_crc_data_errors_total"),
            Counter("NVLINK_REPLAY_ERROR_COUNT_TOTAL", "Packets that all NVLinks had to send again.", "nvlink_replay_errors_total"),
            Counter("NVLINK_RECOVERY_ERROR_COUNT_TOTAL", "Recoveries of all NVLinks.", "nvlink_recovery_errors_total"),
            Gauge("POWER_MGMT_LIMIT", "Power limit that is set, in watts.", "power_management_limit_watts") with { IsInteger = false },
            Gauge("ENFORCED_POWER_LIMIT", "Power limit in force, in watts.", "power_limit_watts") with { IsInteger = false },
            Gauge("FABRIC_HEALTH_SUMMARY", "The NVLink fabric: 1 healthy, 2 unhealthy, 3 limited capacity.", "fabric_health_summary"),
            Gauge("FABRIC_HEALTH_MASK", "The NVLink fabric's conditions, as the bits of NVML's health mask.", "fabric_health_mask"),
        ],
    };

    private static MetricFamily Gauge(string name, string help, string field, double scale = 1) =>
        new($"DCGM_FI_DEV_{name}", help, MetricType.Gauge, field, scale, IsInteger: true);

    private static MetricFamily Profiling(string name, string help, string field) => new($"DCGM_FI_PROF_{name}", help, MetricType.Gauge, field);

    private static MetricFamily Counter(string name, string help, string field, double scale = 1) =>
        new($"DCGM_FI_DEV_{name}", help, MetricType.Counter, field, scale, IsInteger: true);

    /// <summary>In dcgm-exporter's order. What is not known is left out.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled)
    {
        var (device, inventory, nodeName, workload) = labelled;
        (string Name, string? Value)[] labels =
        [
            ("gpu", device.Index.ToString(CultureInfo.InvariantCulture)),
            ("UUID", device.ParentId ?? device.Id), // of the GPU, also for its partitions
            ("pci_bus_id", device.PciAddress is { } address ? BusId(address) : null),
            ("device", device.NodeName),
            ("modelName", device.Model),
            ("GPU_I_PROFILE", device.Partition?.Profile),
            ("GPU_I_ID", device.Partition?.Instance.ToString(CultureInfo.InvariantCulture)),
            ("Hostname", nodeName),
            ("DCGM_FI_DRIVER_VERSION", inventory.DriverVersion),
        ];
        return [.. labels.Where(label => label.Value is not null).Select(label => KeyValuePair.Create(label.Name, label.Value!)), .. DcgmWorkload.Labels(workload)];
    }

    /// <summary>As NVML prints it: upper case, eight digits of domain.</summary>
    private static string BusId(string pciAddress) => pciAddress.ToUpperInvariant().PadLeft("00000000:00:00.0".Length, '0');
}
