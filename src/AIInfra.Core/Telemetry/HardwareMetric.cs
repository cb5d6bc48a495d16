using System.Collections.Immutable;

namespace AIInfra.Core.Telemetry;

internal enum HardwareKind { Gauge, UpDown, Counter }

/// <summary>One OpenTelemetry instrument and the readings that it shows.</summary>
/// <param name="Name">By the hardware semantic conventions where they have one.</param>
/// <param name="Unit">UCUM.</param>
internal sealed record HardwareMetric(string Name, HardwareKind Kind, string Unit, string Help, params ImmutableArray<HardwareReading> Readings)
{
    /// <summary>All that are sent: the readings are named alike by all vendors, and one that a vendor lacks is not sent.</summary>
    /// <remarks>Source: open-telemetry/semantic-conventions, docs/hardware (gpu, common) at 384d661, status development. Names that stand there not:
    /// hw.frequency, hw.gpu.throttle.time, and hw.gpu.engine.utilization.</remarks>
    public static ImmutableArray<HardwareMetric> All { get; } =
    [
        new("hw.gpu.utilization", HardwareKind.Gauge, "1", "Share of the time in which the task was running.",
            new("utilization_ratio", "hw.gpu.task", "general"), new("encoder_utilization_ratio", "hw.gpu.task", "encoder"), new("decoder_utilization_ratio", "hw.gpu.task", "decoder")),
        new("hw.gpu.engine.utilization", HardwareKind.Gauge, "1", "Share of the time in which a part of the device was busy.",
            new("graphics_engine_active_ratio", "hw.gpu.engine", "graphics"), new("sm_active_ratio", "hw.gpu.engine", "sm"), new("tensor_active_ratio", "hw.gpu.engine", "tensor"),
            new("memory_active_ratio", "hw.gpu.engine", "memory")),
        new("hw.gpu.memory.limit", HardwareKind.UpDown, "By", "Size of the device's memory.", new HardwareReading("memory_total_bytes")),
        new("hw.gpu.memory.usage", HardwareKind.UpDown, "By", "Device memory in use.", new HardwareReading("memory_used_bytes")),
        new("hw.gpu.io", HardwareKind.Counter, "By", "Bytes over the bus.",
            new("pcie_received_bytes_total", "network.io.direction", "receive"), new("pcie_sent_bytes_total", "network.io.direction", "transmit")),
        new("hw.errors", HardwareKind.Counter, "{error}", "Errors of the device's memory.",
            new("ecc_volatile_corrected_total", "error.type", "corrected"), new("ecc_volatile_uncorrected_total", "error.type", "uncorrected")),
        new("hw.energy", HardwareKind.Counter, "J", "Energy used by the device.", new HardwareReading("energy_joules_total")),
        new("hw.power", HardwareKind.Gauge, "W", "Power drawn by the device.", new HardwareReading("power_watts")),
        new("hw.temperature", HardwareKind.Gauge, "Cel", "Temperature.",
            new("temperature_celsius", "hw.sensor_location", "gpu"), new("memory_temperature_celsius", "hw.sensor_location", "memory")),
        new("hw.temperature.limit", HardwareKind.Gauge, "Cel", "Temperature at which the device protects itself.",
            new("temperature_slowdown_celsius", "hw.limit_type", "throttled"), new("temperature_shutdown_celsius", "hw.limit_type", "high.critical"), new("temperature_max_celsius", "hw.limit_type", "max")),
        new("hw.fan.speed_ratio", HardwareKind.Gauge, "1", "Speed of the fan as a share of its most.", new HardwareReading("fan_speed_ratio")),
        new("hw.frequency", HardwareKind.Gauge, "Hz", "Clock.",
            new("sm_clock_hertz", "hw.frequency.domain", "sm"), new("memory_clock_hertz", "hw.frequency.domain", "memory"), new("video_clock_hertz", "hw.frequency.domain", "video")),
        new("hw.gpu.throttle.time", HardwareKind.Counter, "s", "Time at lower clocks, by the cause.",
            new("slowed_power_seconds_total", "hw.gpu.throttle.reason", "power"), new("slowed_thermal_seconds_total", "hw.gpu.throttle.reason", "thermal")),
    ];
}

/// <param name="Field">Name of the <see cref="Sampling.Field"/> in a vendor's table.</param>
/// <param name="Attribute">What tells it from the others of its instrument; null where it is alone.</param>
internal sealed record HardwareReading(string Field, string? Attribute = null, string? Value = null);
