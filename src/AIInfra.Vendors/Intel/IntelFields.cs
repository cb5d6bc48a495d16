using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Intel;

/// <summary>What sysfs and Level Zero tell of an Intel GPU, in base units. Of one with several tiles each tile tells its own clock, power states and errors, and the GPU the whole.</summary>
/// <remarks>How busy an engine is and how much memory is in use is in no file of sysfs: that is of Level Zero, where it is installed. It also tells some of the rest where files do not.</remarks>
internal static class IntelFields
{
    public const string Vendor = "intel";

    private const string WithoutLevelZero = "hosts without Level Zero, and GPUs whose driver does not answer the call";

    public static FieldTable Table { get; } = new(Vendor,
    [
        new("awake_ratio", FieldKind.Gauge) { Source = "rc6_residency_ms, gtidle/idle_residency_ms" }, // of several tiles their mean
        new("idle_seconds_total", FieldKind.Counter) { Source = "rc6_residency_ms, gtidle/idle_residency_ms" }, // likewise
        new("graphics_clock_hertz", FieldKind.Gauge) { Source = "rps_act_freq_mhz, freq0/act_freq" }, // of several tiles the highest; 0 while it sleeps
        new("graphics_clock_requested_hertz", FieldKind.Gauge) { Source = "rps_cur_freq_mhz, freq0/cur_freq" },
        new("graphics_clock_limit_hertz", FieldKind.Gauge) { Source = "rps_max_freq_mhz, freq0/max_freq" },
        new("graphics_clock_max_hertz", FieldKind.Gauge) { Source = "rps_RP0_freq_mhz, freq0/rp0_freq" },
        new("video_clock_hertz", FieldKind.Gauge) { Source = "act_freq of the media GT", Absence = "GPUs whose media engines have no clock of their own" },
        new("throttled", FieldKind.Gauge) { Source = "throttle_reason_status, freq0/throttle/status" },
        new("throttled_power", FieldKind.Gauge) { Source = "throttle reasons pl1, pl2, pl4" },
        new("throttled_thermal", FieldKind.Gauge) { Source = "throttle reasons thermal, prochot, vr_thermalert" },
        new("energy_joules_total", FieldKind.Counter) { Source = "hwmon energy1_input, else energy2_input" },
        new("package_energy_joules_total", FieldKind.Counter) { Source = "hwmon energy2_input", Absence = "GPUs of i915" },
        new("power_watts", FieldKind.Gauge) { Source = "from the energy" }, // the mean since the last round
        new("package_power_watts", FieldKind.Gauge) { Source = "from the package's energy", Absence = "GPUs of i915" },
        new("power_limit_watts", FieldKind.Gauge) { Source = "hwmon power1_max, else power2_max" },
        new("power_limit_default_watts", FieldKind.Gauge) { Source = "hwmon power1_rated_max" },
        new("voltage_volts", FieldKind.Gauge) { Source = "hwmon in0_input, in1_input" },
        new("temperature_celsius", FieldKind.Gauge) { Source = "hwmon temp1_input, temp2_input" },
        new("memory_temperature_celsius", FieldKind.Gauge) { Source = "hwmon temp3_input, else zesTemperatureGetState", Absence = "GPUs of i915 without Level Zero" },
        new("temperature_max_celsius", FieldKind.Gauge) { Source = "hwmon temp2_max" },
        new("temperature_shutdown_celsius", FieldKind.Gauge) { Source = "hwmon temp2_emergency" },
        new("fan_rpm", FieldKind.Gauge) { Source = "hwmon fanN_input" }, // the fastest
        new("pcie_link_speed_gigatransfers", FieldKind.Gauge) { Source = "current_link_speed" }, // of the board's uppermost port
        new("pcie_link_width", FieldKind.Gauge) { Source = "current_link_width" },
        new("memory_total_bytes", FieldKind.Gauge) { Source = "physical_vram_size_bytes, lmem_total_bytes" },
        new("errors_fatal_total", FieldKind.Counter) { Source = "error_counter/*fatal*", Absence = "kernels without error counters in sysfs" }, // of all tiles, since the driver was loaded
        new("errors_nonfatal_total", FieldKind.Counter) { Source = "error_counter/*nonfatal*", Absence = "kernels without error counters in sysfs" },
        new("errors_corrected_total", FieldKind.Counter) { Source = "error_counter/*correctable*", Absence = "kernels without error counters in sysfs" },
        new("errors_driver_total", FieldKind.Counter) { Source = "error_counter/driver_*, else zesRasGetState: driver", Absence = "kernels without error counters in sysfs, without Level Zero" },
        new("engine_resets_total", FieldKind.Counter) { Source = "error_counter/engine_reset, else zesRasGetState: reset", Absence = "kernels without error counters in sysfs, without Level Zero" },
        new("survivability", FieldKind.Gauge) { Source = "survivability_mode", Absence = "GPUs of i915" },
        new("utilization_ratio", FieldKind.Gauge) { Source = "zesEngineGetActivity: all", Absence = WithoutLevelZero }, // of several tiles their mean
        new("compute_utilization_ratio", FieldKind.Gauge) { Source = "zesEngineGetActivity: compute", Absence = WithoutLevelZero },
        new("media_utilization_ratio", FieldKind.Gauge) { Source = "zesEngineGetActivity: media", Absence = WithoutLevelZero },
        new("copy_utilization_ratio", FieldKind.Gauge) { Source = "zesEngineGetActivity: copy", Absence = WithoutLevelZero },
        new("memory_used_bytes", FieldKind.Gauge) { Source = "zesMemoryGetState", Absence = WithoutLevelZero },
        new("memory_free_bytes", FieldKind.Gauge) { Source = "zesMemoryGetState", Absence = WithoutLevelZero },
        new("memory_health", FieldKind.Gauge) { Source = "zesMemoryGetState: 1 well, 2 degraded, 3 critical, 4 to be replaced", Absence = WithoutLevelZero }, // of several modules the worst
        new("memory_active_ratio", FieldKind.Gauge) { Source = "zesMemoryGetBandwidth", Absence = WithoutLevelZero },
        new("memory_read_bytes_total", FieldKind.Counter) { Source = "zesMemoryGetBandwidth", Absence = WithoutLevelZero },
        new("memory_written_bytes_total", FieldKind.Counter) { Source = "zesMemoryGetBandwidth", Absence = WithoutLevelZero },
        new("memory_clock_hertz", FieldKind.Gauge) { Source = "zesFrequencyGetState: memory", Absence = WithoutLevelZero },
        new("board_temperature_celsius", FieldKind.Gauge) { Source = "zesTemperatureGetState: board", Absence = WithoutLevelZero },
        new("regulator_temperature_celsius", FieldKind.Gauge) { Source = "zesTemperatureGetState: voltage regulator", Absence = WithoutLevelZero },
        new("fan_speed_ratio", FieldKind.Gauge) { Source = "zesFanGetState", Absence = WithoutLevelZero },
        new("ecc_enabled", FieldKind.Gauge) { Source = "zesDeviceGetEccState", Absence = WithoutLevelZero },
        new("pcie_received_bytes_total", FieldKind.Counter) { Source = "zesDevicePciGetStats", Absence = WithoutLevelZero },
        new("pcie_sent_bytes_total", FieldKind.Counter) { Source = "zesDevicePciGetStats", Absence = WithoutLevelZero },
        new("pcie_replays_total", FieldKind.Counter) { Source = "zesDevicePciGetStats", Absence = WithoutLevelZero },
        new("pcie_link_health", FieldKind.Gauge) { Source = "zesDevicePciGetState: 1 good, 2 slower than it could be, 3 unstable", Absence = WithoutLevelZero },
        new("xelink_ports_healthy", FieldKind.Gauge) { Source = "zesFabricPortGetState", Absence = WithoutLevelZero },
        new("xelink_ports_degraded", FieldKind.Gauge) { Source = "zesFabricPortGetState", Absence = WithoutLevelZero },
        new("xelink_ports_failed", FieldKind.Gauge) { Source = "zesFabricPortGetState", Absence = WithoutLevelZero },
        new("xelink_ports_disabled", FieldKind.Gauge) { Source = "zesFabricPortGetState", Absence = WithoutLevelZero },
        new("xelink_received_bytes_total", FieldKind.Counter) { Source = "zesFabricPortGetThroughput", Absence = WithoutLevelZero },
        new("xelink_sent_bytes_total", FieldKind.Counter) { Source = "zesFabricPortGetThroughput", Absence = WithoutLevelZero },
        new("wedged", FieldKind.Gauge) { Source = "zesDeviceGetState: reset reason wedged", Absence = WithoutLevelZero },
        new("repair_pending", FieldKind.Gauge) { Source = "zesDeviceGetState: reset reason repair", Absence = WithoutLevelZero },
        new("compute_processes", FieldKind.Gauge) { Source = "zesDeviceProcessesGetState", Absence = WithoutLevelZero },
        new("compute_process_memory_bytes", FieldKind.Gauge) { Source = "zesDeviceProcessesGetState", Absence = WithoutLevelZero },
        new("programming_errors_total", FieldKind.Counter) { Source = "zesRasGetState: programming", Absence = WithoutLevelZero },
        new("ras_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetState: all of the hardware that were not corrected", Absence = WithoutLevelZero },
        new("compute_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetState: compute", Absence = WithoutLevelZero },
        new("compute_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetState: compute", Absence = WithoutLevelZero },
        new("noncompute_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetState: non-compute", Absence = WithoutLevelZero },
        new("noncompute_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetState: non-compute", Absence = WithoutLevelZero },
        new("cache_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetState: cache", Absence = WithoutLevelZero },
        new("cache_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetState: cache", Absence = WithoutLevelZero },
        new("display_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetState: display", Absence = WithoutLevelZero },
        new("display_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetState: display", Absence = WithoutLevelZero },
        new("memory_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: memory", Absence = WithoutLevelZero },
        new("memory_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: memory", Absence = WithoutLevelZero },
        new("xelink_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: scale, L3 fabric, fabric", Absence = WithoutLevelZero },
        new("xelink_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: scale, L3 fabric, fabric", Absence = WithoutLevelZero },
        new("pcie_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: PCIe", Absence = WithoutLevelZero },
        new("pcie_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: PCIe", Absence = WithoutLevelZero },
        new("soc_errors_corrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: SoC", Absence = WithoutLevelZero },
        new("soc_errors_uncorrected_total", FieldKind.Counter) { Source = "zesRasGetStateExp: SoC", Absence = WithoutLevelZero },
    ]);
}
