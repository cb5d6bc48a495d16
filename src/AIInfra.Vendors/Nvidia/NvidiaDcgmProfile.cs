using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia;

/// <summary>The names, units and labels of dcgm-exporter up to 4.8.2: its default set without the <c>DCGM_FI_PROF_*</c> rows.</summary>
/// <remarks>Differences on purpose: a value that is absent has no line, and label values are escaped.</remarks>
internal static class NvidiaDcgmProfile
{
    private const double Mega = 1e-6, Mebi = 1.0 / (1 << 20), Milli = 1e3, Percent = 100;
    /// <summary>DCGM divides the driver's KiB by 1000 and calls it megabytes.</summary>
    private const double NvlinkMega = 1.0 / (1024 * 1000);

    public static MetricProfile Profile { get; } = new()
    {
        Name = "dcgm",
        Vendor = NvidiaFields.Table.Vendor,
        Labels = Labels,
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
        ],
    };

    private static MetricFamily Gauge(string name, string help, string field, double scale = 1) =>
        new($"DCGM_FI_DEV_{name}", help, MetricType.Gauge, field, scale, IsInteger: true);

    private static MetricFamily Counter(string name, string help, string field, double scale = 1) =>
        new($"DCGM_FI_DEV_{name}", help, MetricType.Counter, field, scale, IsInteger: true);

    /// <summary>In dcgm-exporter's order. What is not known is left out.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(Device device, VendorInventory inventory, string nodeName)
    {
        (string Name, string? Value)[] labels =
        [
            ("gpu", device.Index.ToString(CultureInfo.InvariantCulture)),
            ("UUID", device.Id),
            ("pci_bus_id", device.PciAddress is { } address ? BusId(address) : null),
            ("device", device.NodeName),
            ("modelName", device.Model),
            ("Hostname", nodeName),
            ("DCGM_FI_DRIVER_VERSION", inventory.DriverVersion),
        ];
        return [.. labels.Where(label => label.Value is not null).Select(label => KeyValuePair.Create(label.Name, label.Value!))];
    }

    /// <summary>As NVML prints it: upper case, eight digits of domain.</summary>
    private static string BusId(string pciAddress) => pciAddress.ToUpperInvariant().PadLeft("00000000:00:00.0".Length, '0');
}
