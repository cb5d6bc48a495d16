using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Ascend;

/// <summary>What DCMI tells of an NPU, in base units. A virtual NPU has its own load and memory; the rest is its chip's.</summary>
internal static class AscendFields
{
    public const string Vendor = "ascend";
    /// <summary>Codes that a sample has room for; <c>error_codes</c> counts all.</summary>
    public const int Codes = 32;
    public const int HccsPorts = 16;

    private const string NoParts = "virtual NPUs", OnPackage = "virtual NPUs; chips without HBM", Beside = "virtual NPUs; chips with HBM alone";

    public static FieldTable Table { get; } = new(Vendor,
    [
        Of("utilization_ratio", "dcmi_get_device_utilization_rate 13, else 2", ""),
        Of("aicore_utilization_ratio", "dcmi_get_device_utilization_rate 2"),
        Of("vector_utilization_ratio", "dcmi_get_device_utilization_rate 12"),
        Of("cube_utilization_ratio", "dcmi_get_device_utilization_rate 14"),
        Of("memory_total_bytes", "dcmi_get_device_hbm_info, else dcmi_get_device_memory_info_v3", ""),
        Of("memory_used_bytes", "dcmi_get_device_hbm_info, else dcmi_get_device_memory_info_v3", ""),
        Of("memory_bandwidth_utilization_ratio", "dcmi_get_device_hbm_info", OnPackage),
        Of("memory_temperature_celsius", "dcmi_get_device_hbm_info", OnPackage),
        Of("hbm_total_bytes", "dcmi_get_device_hbm_info", OnPackage),
        Of("hbm_used_bytes", "dcmi_get_device_hbm_info", OnPackage),
        Of("ddr_total_bytes", "dcmi_get_device_memory_info_v3", Beside),
        Of("ddr_used_bytes", "dcmi_get_device_memory_info_v3", Beside),
        Of("temperature_celsius", "dcmi_get_device_temperature"),
        Of("power_watts", "dcmi_get_device_power_info, else dcmi_mcu_get_power_info"), // on cards that measure only as a whole, of the card
        Of("voltage_volts", "dcmi_get_device_voltage"),
        Of("aicore_clock_hertz", "dcmi_get_device_frequency 7"),
        Of("aicore_clock_max_hertz", "dcmi_get_device_frequency 9"),
        Of("memory_clock_hertz", "dcmi_get_device_frequency 6, else 1"),
        Of("health", "dcmi_get_device_health"), // 0 well, 1 minor, 2 major, 3 critical
        Of("network_health", "dcmi_get_device_network_health", "virtual NPUs; chips without a RoCE port"), // 0 reachable, 6 not started
        Of("ecc_enabled", "dcmi_get_device_ecc_info"),
        Of("ecc_volatile_corrected_total", "dcmi_get_device_ecc_info", kind: FieldKind.Counter),
        Of("ecc_volatile_uncorrected_total", "dcmi_get_device_ecc_info", kind: FieldKind.Counter),
        Of("ecc_aggregate_corrected_total", "dcmi_get_device_ecc_info", kind: FieldKind.Counter), // over the life of the memory
        Of("ecc_aggregate_uncorrected_total", "dcmi_get_device_ecc_info", kind: FieldKind.Counter),
        Of("retired_pages_single_bit_total", "dcmi_get_device_ecc_info", kind: FieldKind.Counter),
        Of("retired_pages_double_bit_total", "dcmi_get_device_ecc_info", kind: FieldKind.Counter),
        Of("retired_pages_pending", "dcmi_get_device_ecc_info"), // from the next start of the chip on
        Of("compute_processes", "dcmi_get_device_resource_info"),
        Of("compute_process_memory_bytes", "dcmi_get_device_resource_info"), // all of them together
        Of("hccs_crc_errors_total", "dcmi_get_device_info 16/5", "virtual NPUs; chips without HCCS", FieldKind.Counter), // over all ports
        Of("hccs_retries_total", "dcmi_get_device_info 16/5", "virtual NPUs; chips without HCCS", FieldKind.Counter),
        Of("error_codes", "dcmi_get_device_errorcode_v2"), // how many stand
        .. Enumerable.Range(0, Codes).Select(place => Of($"error_code_{place}", "dcmi_get_device_errorcode_v2", "virtual NPUs; places that no code takes")),
        .. Ports("hccs_sent"), .. Ports("hccs_received"), .. Ports("hccs_crc_errors"), .. Ports("hccs_port_retries"),
    ]);

    private static Field Of(string name, string source, string absence = NoParts, FieldKind kind = FieldKind.Gauge) => new(name, kind) { Source = source, Absence = absence };

    private static IEnumerable<Field> Ports(string name) =>
        Enumerable.Range(0, HccsPorts).Select(port => Of($"{name}_{port}_total", "dcmi_get_device_info 16/5", "virtual NPUs; chips without HCCS, ports that were never used", FieldKind.Counter));
}
