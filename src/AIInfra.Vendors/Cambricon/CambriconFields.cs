using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What CNDEV tells of an MLU, in base units. Instances tell their own memory, those of sMLU their load too; sensors are the board's.</summary>
internal static class CambriconFields
{
    public const string Vendor = "cambricon";

    /// <summary>Of field values: the driver's number, ours, the scale into the base unit, and above what it is not believed.</summary>
    public static ImmutableArray<(int Id, string Name, double Scale, double Most)> Values { get; } =
    [
        (19, "power_limit_min_watts", 1, 100_000), (20, "power_limit_max_watts", 1, 100_000), (21, "power_limit_default_watts", 1, 100_000), (28, "compute_mode", 1, 2),
        (52, "temperature_slowdown_celsius", 1, 200), (53, "temperature_shutdown_celsius", 1, 200), (65, "tensor_active_ratio", 0.01, 100), (66, "activity_ratio", 0.01, 100),
        (68, "temperature_max_celsius", 1, 200), (69, "memory_temperature_max_celsius", 1, 200), (70, "temperature_margin_celsius", 1, 200), (71, "energy_joules_total", 1e-3, 1L << 53),
        (72, "slowed_power_seconds_total", 1e-9, 1e19), (73, "slowed_thermal_seconds_total", 1e-9, 1e19), (74, "slowed_board_limit_seconds_total", 1e-9, 1e19),
        (75, "slowed_base_clocks_seconds_total", 1e-9, 1e19),
    ];

    /// <summary>Of each MLU-Link port, in this order from <see cref="OfPort"/> on.</summary>
    private static ImmutableArray<(string Name, FieldKind Kind, string Source)> Port { get; } =
    [
        ("state", FieldKind.Gauge, "GetMLULinkStatusV2"), ("serdes_state", FieldKind.Gauge, "GetMLULinkStatusV2"), ("speed_bytes_per_second", FieldKind.Gauge, "GetMLULinkSpeedInfo"),
        ("read_bytes_total", FieldKind.Counter, Counter), ("written_bytes_total", FieldKind.Counter, Counter), ("replay_errors_total", FieldKind.Counter, Counter),
        ("fatal_errors_total", FieldKind.Counter, Counter), ("ecc_double_errors_total", FieldKind.Counter, Counter), ("crc24_errors_total", FieldKind.Counter, Counter),
        ("crc32_errors_total", FieldKind.Counter, Counter), ("corrected_errors_total", FieldKind.Counter, Counter), ("uncorrected_errors_total", FieldKind.Counter, Counter),
        ("downs_total", FieldKind.Counter, "GetMLULinkEventCounter"),
    ];

    private const string Counter = "GetMLULinkCounter", Codec = "GetVideoCodecUtilization", Memory = "GetMemoryUsageV2", Clocks = "GetFrequencyInfo", Heat = "GetTemperatureInfo",
        Throttle = "GetPerformanceThrottleReason", Errors = "GetECCInfo", Kinds = "GetMemEccCounter", Rows = "GetRemappedRowsV2 and GetRepairStatus, else GetRemappedRows",
        Pcie = "GetPCIethroughputV2", Health = "GetCardHealthStateV2, else GetCardHealthState", Value = "DeviceGetFieldValues";

    public static FieldTable Table { get; } = new(Vendor,
    [
        G("utilization_ratio", "GetDeviceUtilizationInfo"), G("codec_utilization_ratio", Codec), G("encoder_utilization_ratio", Codec), G("decoder_utilization_ratio", Codec),
        G("memory_total_bytes", Memory), G("memory_used_bytes", Memory), G("memory_free_bytes", Memory), G("memory_reserved_bytes", Memory), G("memory_global_bytes", Memory),
        G("virtual_memory_total_bytes", Memory), G("virtual_memory_used_bytes", Memory),
        G("clock_hertz", Clocks), G("memory_clock_hertz", Clocks), G("clock_default_hertz", Clocks),
        G("temperature_celsius", Heat), G("board_temperature_celsius", Heat), G("memory_temperature_celsius", Heat), G("air_inlet_temperature_celsius", Heat), G("air_outlet_temperature_celsius", Heat),
        G("power_watts", "GetDevicePowerInfo"), G("power_limit_watts", "GetDevicePowerInfo"), G("fan_rpm", "GetFanSpeedInfo"),
        G("throttle_tdp", Throttle), G("throttle_power_setting", Throttle), G("throttle_clock_setting", Throttle), G("throttle_frequency_locked", Throttle), G("throttle_power_brake", Throttle), G("throttle_thermal", Throttle),
        C("over_temperature_slowdowns_total", "GetOverTemperatureInfo"), C("over_temperature_power_offs_total", "GetOverTemperatureInfo"),
        G("pcie_link_generation", "GetCurrentPCIInfo"), G("pcie_link_width", "GetCurrentPCIInfo"), G("pcie_link_generation_max", "GetMaxPCIInfo"), G("pcie_link_width_max", "GetMaxPCIInfo"),
        G("pcie_received_window_bytes", Pcie), G("pcie_sent_window_bytes", Pcie), C("pcie_received_bytes_total", Pcie), C("pcie_sent_bytes_total", Pcie), C("pcie_replays_total", "GetPcieReplayCounter"),
        C("ecc_volatile_corrected_total", $"{Errors}, else the sum of {Kinds}"), C("ecc_volatile_uncorrected_total", $"{Errors}, else the sum of {Kinds}"),
        C("ecc_one_bit_total", Errors), C("ecc_multiple_one_total", Errors), C("ecc_multiple_total", Errors), C("ecc_multiple_multiple_total", Errors), C("ecc_errors_total", Errors), C("ecc_address_forbidden_total", Errors),
        C("ecc_sram_single_total", Kinds), C("ecc_sram_double_total", Kinds), C("ecc_sram_parity_total", Kinds), C("ecc_dram_single_total", Kinds), C("ecc_dram_double_total", Kinds),
        C("ecc_aggregate_sram_single_total", Kinds), C("ecc_aggregate_sram_double_total", Kinds), C("ecc_aggregate_sram_parity_total", Kinds), C("ecc_aggregate_dram_single_total", Kinds), C("ecc_aggregate_dram_double_total", Kinds),
        G("sram_threshold_exceeded", Kinds), G("ecc_mode", "GetEccMode"), G("ecc_mode_pending", "GetEccMode"),
        C("retired_pages_single_bit_total", "GetRetiredPages"), C("retired_pages_double_bit_total", "GetRetiredPages"), G("retired_pages_pending", "GetRetiredPagesStatus"), G("retired_pages_failed", "GetRetiredPagesStatus"),
        C("remapped_rows_correctable_total", Rows), C("remapped_rows_uncorrectable_total", Rows), G("row_remap_pending", Rows), G("row_remap_failed", Rows), G("page_retirement_pending", "GetRepairStatus"),
        G("health", Health), G("device_state", Health), G("driver_state", Health), C("heartbeats_total", "GetCardHeartbeatCount"),
        .. CambriconIncidents.All.Select(incident => G(incident.Field, "GetCardHealthStateV2")),
        .. Values.Select(value => value.Name.EndsWith("_total", StringComparison.Ordinal) ? C(value.Name, $"{Value} {value.Id}") : G(value.Name, value.Name == "compute_mode" ? $"GetComputeMode, else {Value} {value.Id}" : $"{Value} {value.Id}")),
        G("compute_processes", "GetProcessInfo"), G("compute_process_memory_bytes", "GetProcessInfo"), G("last_xid", "EventWait"),
        G("mlulink_links_up", "GetMLULinkStatusV2"), G("mlulink_links_down", "GetMLULinkStatusV2"), C("mlulink_read_bytes_total", Counter), C("mlulink_written_bytes_total", Counter),
        C("mlulink_corrected_errors_total", Counter), C("mlulink_uncorrected_errors_total", Counter),
        .. Enumerable.Range(0, Cndev.MostLinks).SelectMany(port => Port.Select(field => new Field(OfPort(port, field.Name), field.Kind) { Source = field.Source, Absence = "without MLU-Link, or with fewer ports" })),
    ]);

    /// <summary>Name of a field of one port.</summary>
    public static string OfPort(int port, string name) => string.Create(CultureInfo.InvariantCulture, $"mlulink{port}_{name}");

    private static Field G(string name, string source) => new(name, FieldKind.Gauge) { Source = source };

    private static Field C(string name, string source) => new(name, FieldKind.Counter) { Source = source };
}

/// <summary>Names of an MLU's <see cref="Core.Devices.Device.Traits"/>.</summary>
internal static class CambriconTraits
{
    /// <summary>Serial number of the board that the cards sit on.</summary>
    public const string MotherBoard = "mother-board";
    /// <summary>How the board is divided: <see cref="Mim"/> or <see cref="Smlu"/>; also of an instance, by what it was made. Missing: not at all.</summary>
    public const string Division = "division";
    public const string Mim = "mim", Smlu = "smlu";
    /// <summary>How the board can be reset: <see cref="ByLibrary"/>. Missing: the library has no call for it.</summary>
    public const string Reset = "reset";
    public const string ByLibrary = "library";
}

/// <summary>The driver's own state, as numbers; 4 is the only good one.</summary>
internal static class CambriconDriverState
{
    public const int Running = 4, BootError = 5, Resetting = 6, ResetError = 7;

    public static string NameOf(double state) => state switch
    {
        0 => "in its early start",
        1 => "being loaded",
        2 => "booting",
        3 => "in its late start",
        Running => "running",
        BootError => "failed to boot the board",
        Resetting => "resetting the board",
        ResetError => "failed to reset the board",
        _ => "in an unknown state",
    };
}
