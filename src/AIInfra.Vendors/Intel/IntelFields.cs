using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Intel;

/// <summary>What sysfs tells of an Intel GPU, in base units. Of one with several tiles each tile tells its own clock, power states and errors, and the GPU the whole.</summary>
/// <remarks>How busy an engine is and how much memory is in use is in no file of sysfs: both drivers tell it to each program of its own only, or by perf events.</remarks>
internal static class IntelFields
{
    public const string Vendor = "intel";

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
        new("memory_temperature_celsius", FieldKind.Gauge) { Source = "hwmon temp3_input", Absence = "GPUs of i915" },
        new("temperature_max_celsius", FieldKind.Gauge) { Source = "hwmon temp2_max" },
        new("temperature_shutdown_celsius", FieldKind.Gauge) { Source = "hwmon temp2_emergency" },
        new("fan_rpm", FieldKind.Gauge) { Source = "hwmon fanN_input" }, // the fastest
        new("pcie_link_speed_gigatransfers", FieldKind.Gauge) { Source = "current_link_speed" }, // of the board's uppermost port
        new("pcie_link_width", FieldKind.Gauge) { Source = "current_link_width" },
        new("memory_total_bytes", FieldKind.Gauge) { Source = "physical_vram_size_bytes, lmem_total_bytes" },
        new("errors_fatal_total", FieldKind.Counter) { Source = "error_counter/*fatal*", Absence = "kernels without error counters in sysfs" }, // of all tiles, since the driver was loaded
        new("errors_nonfatal_total", FieldKind.Counter) { Source = "error_counter/*nonfatal*", Absence = "kernels without error counters in sysfs" },
        new("errors_corrected_total", FieldKind.Counter) { Source = "error_counter/*correctable*", Absence = "kernels without error counters in sysfs" },
        new("errors_driver_total", FieldKind.Counter) { Source = "error_counter/driver_*", Absence = "kernels without error counters in sysfs" },
        new("engine_resets_total", FieldKind.Counter) { Source = "error_counter/engine_reset", Absence = "kernels without error counters in sysfs" },
        new("survivability", FieldKind.Gauge) { Source = "survivability_mode", Absence = "GPUs of i915" },
    ]);
}
