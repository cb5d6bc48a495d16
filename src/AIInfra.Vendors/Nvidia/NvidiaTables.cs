using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>A field value that is a reading as it stands.</summary>
/// <param name="Name">In <see cref="NvidiaFields.Table"/>.</param>
/// <param name="Scale">From the driver's unit to the base unit.</param>
/// <param name="Most">In the driver's unit: above it the value is not believed.</param>
internal sealed record NvidiaFieldRow(uint Id, string Name, FieldKind Kind = FieldKind.Counter, double Scale = 1, double Most = 1L << 53)
{
    public NvmlField Field => (NvmlField)Id;
}

/// <summary>A getter with one 32-bit answer. A driver without the symbol does not have the reading.</summary>
/// <param name="Argument">What stands between device and answer; null for nothing.</param>
internal sealed record NvidiaNumberRow(string Symbol, uint? Argument, string Name, double Scale, double Most, NvidiaPace Pace = NvidiaPace.Round);

/// <summary>A getter with two 32-bit answers.</summary>
internal sealed record NvidiaPairRow(string Symbol, string First, string Second, double Scale, double Most);

/// <summary>A metric of the GPU performance monitor (GPM), Hopper and newer.</summary>
/// <param name="IsRate">MiB/s, otherwise percent.</param>
internal sealed record NvidiaProfileRow(uint Metric, string Name, bool IsRate);

/// <summary>What is read in bulk: a reading more is a row more.</summary>
/// <remarks>Source: nvml.h 13.3. Field ids from 251 up were given anew between headers and are not used.</remarks>
internal static class NvidiaTables
{
    private const double MostNanoseconds = 1e19, MostBytes = 1e19; // all ones is 1.8e19
    private const double MostMilliwatts = 100e6, MostMegahertz = 20_000, MostCelsius = 200, MostEnum = 255;

    private static readonly string[] EccPlaces = ["l1", "l2", "device_memory", "registers", "texture"];

    public static NvidiaFieldRow[] Fields { get; } =
    [
        new(82, "memory_temperature_celsius", FieldKind.Gauge, Most: MostCelsius),
        new(142, "remapped_rows_correctable_total"),
        new(143, "remapped_rows_uncorrectable_total"),
        new(144, "row_remap_pending", FieldKind.Gauge, Most: 1),
        new(145, "row_remap_failed", FieldKind.Gauge, Most: 1),
        new(3, "ecc_volatile_corrected_total"),
        new(4, "ecc_volatile_uncorrected_total"),
        new(5, "ecc_aggregate_corrected_total"),
        new(6, "ecc_aggregate_uncorrected_total"),
        .. EccByPlace(7, "ecc_volatile"),
        .. EccByPlace(18, "ecc_aggregate"),
        new(29, "retired_pages_single_bit_total"),
        new(30, "retired_pages_double_bit_total"),
        new(31, "retired_pages_pending", FieldKind.Gauge),
        new(38, "nvlink_crc_flit_errors_total"),
        new(45, "nvlink_crc_data_errors_total"),
        new(52, "nvlink_replay_errors_total"),
        new(59, "nvlink_recovery_errors_total"),
        Slowed(74, "power"),
        Slowed(75, "thermal"),
        Slowed(76, "sync_boost"),
        Slowed(77, "board_limit"),
        Slowed(78, "low_utilization"),
        Slowed(79, "reliability"),
        Slowed(80, "application_clocks"),
        Slowed(81, "base_clocks"),
        new(173, "pcie_correctable_errors_total"),
        new(174, "pcie_naks_received_total"),
        new(175, "pcie_receiver_errors_total"),
        new(176, "pcie_bad_tlps_total"),
        new(177, "pcie_naks_sent_total"),
        new(178, "pcie_bad_dllps_total"),
        new(179, "pcie_nonfatal_errors_total"),
        new(180, "pcie_fatal_errors_total"),
        new(181, "pcie_unsupported_requests_total"),
        new(182, "pcie_lcrc_errors_total"),
        new(183, "pcie_lane_errors_total"),
        new(186, "power_instant_watts", FieldKind.Gauge, 1e-3, MostMilliwatts),
        new(197, "pcie_sent_bytes_total", Most: MostBytes),
        new(198, "pcie_received_bytes_total", Most: MostBytes),
        new(226, "reset_required", FieldKind.Gauge, Most: 1),
        new(227, "drain_and_reset_required", FieldKind.Gauge, Most: 1),
        new(230, "recovery_action", FieldKind.Gauge), // the values are those of NvidiaRecovery
    ];

    public static NvidiaNumberRow[] Numbers { get; } =
    [
        new("nvmlDeviceGetClockInfo", 3, "video_clock_hertz", 1e6, MostMegahertz),
        new("nvmlDeviceGetMaxClockInfo", 1, "sm_clock_max_hertz", 1e6, MostMegahertz, NvidiaPace.Slow),
        new("nvmlDeviceGetMaxClockInfo", 2, "memory_clock_max_hertz", 1e6, MostMegahertz, NvidiaPace.Slow),
        new("nvmlDeviceGetPerformanceState", null, "performance_state", 1, 15), // 32 is the driver's unknown
        new("nvmlDeviceGetPowerManagementLimit", null, "power_management_limit_watts", 1e-3, MostMilliwatts, NvidiaPace.Slow),
        new("nvmlDeviceGetPowerManagementDefaultLimit", null, "power_limit_default_watts", 1e-3, MostMilliwatts, NvidiaPace.Slow),
        new("nvmlDeviceGetTemperatureThreshold", 0, "temperature_shutdown_celsius", 1, MostCelsius, NvidiaPace.Slow),
        new("nvmlDeviceGetTemperatureThreshold", 1, "temperature_slowdown_celsius", 1, MostCelsius, NvidiaPace.Slow),
        new("nvmlDeviceGetTemperatureThreshold", 2, "memory_temperature_max_celsius", 1, MostCelsius, NvidiaPace.Slow),
        new("nvmlDeviceGetTemperatureThreshold", 3, "temperature_max_celsius", 1, MostCelsius, NvidiaPace.Slow),
        new("nvmlDeviceGetFanSpeed_v2", 0, "fan_speed_ratio", 0.01, 300), // of the wanted speed, so it may exceed 1
        new("nvmlDeviceGetCurrPcieLinkGeneration", null, "pcie_link_generation", 1, 32), // both drop at idle by design
        new("nvmlDeviceGetCurrPcieLinkWidth", null, "pcie_link_width", 1, 64),
        new("nvmlDeviceGetMaxPcieLinkGeneration", null, "pcie_link_generation_max", 1, 32, NvidiaPace.Slow),
        new("nvmlDeviceGetMaxPcieLinkWidth", null, "pcie_link_width_max", 1, 64, NvidiaPace.Slow),
        new("nvmlDeviceGetPersistenceMode", null, "persistence_mode", 1, 1),
        new("nvmlDeviceGetComputeMode", null, "compute_mode", 1, MostEnum, NvidiaPace.Slow),
        new("nvmlDeviceGetVirtualizationMode", null, "virtualization_mode", 1, MostEnum, NvidiaPace.Slow), // 0 none, 1 pass-through, 2 guest, 3 and 4 host
        new("nvmlDeviceGetHostVgpuMode", null, "host_vgpu_mode", 1, MostEnum, NvidiaPace.Slow), // 0 mediated, 1 SR-IOV
        new("nvmlDeviceGetAccountingMode", null, "accounting_mode", 1, 1, NvidiaPace.Slow),
        new("nvmlDeviceGetPcieThroughput", 0, "pcie_throughput_sent_bytes_per_second", 1000, uint.MaxValue - 1, NvidiaPace.Costly), // KB/s over 20 ms
        new("nvmlDeviceGetPcieThroughput", 1, "pcie_throughput_received_bytes_per_second", 1000, uint.MaxValue - 1, NvidiaPace.Costly),
    ];

    public static NvidiaPairRow[] Pairs { get; } =
    [
        new("nvmlDeviceGetPowerManagementLimitConstraints", "power_limit_min_watts", "power_limit_max_watts", 1e-3, MostMilliwatts),
        new("nvmlDeviceGetEccMode", "ecc_mode", "ecc_mode_pending", 1, 1),
        new("nvmlDeviceGetMigMode", "mig_mode", "mig_mode_pending", 1, 1),
    ];

    public static NvidiaProfileRow[] Profiling { get; } =
    [
        new(1, "graphics_engine_active_ratio", false),
        new(2, "sm_active_ratio", false),
        new(3, "sm_occupancy_ratio", false),
        new(5, "tensor_active_ratio", false),
        new(10, "memory_active_ratio", false),
        new(11, "fp64_active_ratio", false),
        new(12, "fp32_active_ratio", false),
        new(13, "fp16_active_ratio", false),
        new(20, "pcie_sent_bytes_per_second", true),
        new(21, "pcie_received_bytes_per_second", true),
        new(60, "nvlink_received_bytes_per_second", true),
        new(61, "nvlink_sent_bytes_per_second", true),
    ];

    /// <summary>Eleven ids in a row: corrected and uncorrected for each place, the last place without corrected ones.</summary>
    private static IEnumerable<NvidiaFieldRow> EccByPlace(uint first, string prefix) =>
    [
        .. EccPlaces.SelectMany((place, at) => new NvidiaFieldRow[]
        {
            new(first + 2 * (uint)at, $"{prefix}_{place}_corrected_total"),
            new(first + 2 * (uint)at + 1, $"{prefix}_{place}_uncorrected_total"),
        }),
        new(first + 10, $"{prefix}_cbu_uncorrected_total"),
    ];

    private static NvidiaFieldRow Slowed(uint id, string cause) => new(id, $"slowed_{cause}_seconds_total", Scale: 1e-9, Most: MostNanoseconds);
}
