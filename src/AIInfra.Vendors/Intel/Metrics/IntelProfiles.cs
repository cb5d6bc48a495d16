using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Intel.Metrics;

/// <summary>All profiles that Intel GPUs have.</summary>
internal static class IntelProfiles
{
    private const double MegaHertz = 1e-6;

    public static ImmutableArray<MetricProfile> All() => [Native(), Neutral()];

    /// <summary>The names of XPU Manager's exporter (its first generation; the second has the neutral names). Most of it needs Level Zero.</summary>
    private static MetricProfile Native() => new()
    {
        Name = "native",
        Vendor = IntelFields.Vendor,
        Families =
        [
            new("xpum_power_watts", "Power drawn by the GPU, the mean since the last round, in watts.", MetricType.Gauge, "power_watts") { Rank = MetricRank.Essential },
            new("xpum_energy_joules", "Energy used since the driver was loaded, in joules.", MetricType.Counter, "energy_joules_total"),
            Temperature("gpu", "temperature_celsius"), Temperature("memory", "memory_temperature_celsius"),
            Frequency("gpu", "actual", "graphics_clock_hertz", MetricRank.Usual), Frequency("gpu", "request", "graphics_clock_requested_hertz", MetricRank.Detail), Frequency("media", "actual", "video_clock_hertz", MetricRank.Detail),
            Count("xpum_resets", "Resets of engines since the driver was loaded.", "engine_resets_total"),
            new("xpum_engine_ratio", "Share of the time since the last round in which the GPU worked, 0 to 1.", MetricType.Gauge, "utilization_ratio") { Rank = MetricRank.Essential },
            Group("compute"), Group("media"), Group("copy"),
            new("xpum_memory_used_bytes", "Memory of the GPU in use, in bytes.", MetricType.Gauge, "memory_used_bytes") { Rank = MetricRank.Essential },
            new("xpum_memory_bandwidth_ratio", "Share of the memory's bandwidth that was used since the last round, 0 to 1.", MetricType.Gauge, "memory_active_ratio"),
            new("xpum_memory_read_bytes", "Data read from the GPU's memory since the driver was loaded, in bytes.", MetricType.Counter, "memory_read_bytes_total") { Unit = "bytes" },
            new("xpum_memory_write_bytes", "Data written to the GPU's memory since the driver was loaded, in bytes.", MetricType.Counter, "memory_written_bytes_total") { Unit = "bytes" },
            new("xpum_pcie_read_bytes", "Data read over the bus since the driver was loaded, in bytes.", MetricType.Counter, "pcie_received_bytes_total") { Unit = "bytes", Rank = MetricRank.Detail },
            new("xpum_pcie_write_bytes", "Data written over the bus since the driver was loaded, in bytes.", MetricType.Counter, "pcie_sent_bytes_total") { Unit = "bytes", Rank = MetricRank.Detail },
            new("xpum_fabric_tx_bytes", "Data sent over Xe links since the driver was loaded, in bytes.", MetricType.Counter, "xelink_sent_bytes_total") { Unit = "bytes" },
            Count("xpum_programming_errors", "Errors of programs that used the GPU since the driver was loaded.", "programming_errors_total"),
            Cache("correctable", "cache_errors_corrected_total"), Cache("uncorrectable", "cache_errors_uncorrected_total"),
            Count("xpum_non_compute_errors", "Errors of the GPU's fixed functions that were not corrected, since the driver was loaded.", "noncompute_errors_uncorrected_total"),
            Count("xpum_driver_errors", "Errors of the driver since it was loaded.", "errors_driver_total"),
        ],
        Labels = Labels,
    };

    private static MetricProfile Neutral() => NeutralProfile.Of(IntelFields.Table,
        [.. MetricTable.Load(typeof(IntelProfiles).Assembly, "intel.neutral.tsv"), NeutralProfile.LinkGeneration("pcie_link_speed_gigatransfers")], []);

    /// <summary>A tile is that exporter's sub-device.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled)
    {
        var device = labelled.Device;
        return
        [
            new("dev_name", device.Model), new("pci_bdf", device.PciAddress ?? ""), new("dev_file", device.NodeName ?? ""), new("vendor", "Intel(R) Corporation"), new("node", labelled.NodeName),
            .. device.Partition is { } tile ? [new("sub_dev", tile.Instance.ToString(CultureInfo.InvariantCulture))] : ImmutableArray<KeyValuePair<string, string>>.Empty,
            .. DcgmWorkload.Labels(labelled.Workload),
        ];
    }

    private static MetricFamily Temperature(string location, string field) => new("xpum_temperature_celsius", "Temperature, in degrees Celsius.", MetricType.Gauge, field)
    {
        Labels = [new("location", location)],
        Rank = MetricRank.Essential,
    };

    private static MetricFamily Frequency(string location, string type, string field, MetricRank rank) => new("xpum_frequency_mhz", "Clock, in megahertz.", MetricType.Gauge, field, MegaHertz)
    {
        Labels = [new("location", location), new("type", type)],
        Rank = rank,
        Unit = "MHz",
    };

    private static MetricFamily Group(string type) => new("xpum_engine_group_ratio", "Share of the time since the last round in which engines of the kind worked, 0 to 1.", MetricType.Gauge, $"{type}_utilization_ratio")
    {
        Labels = [new("type", type)],
    };

    private static MetricFamily Cache(string type, string field) => Count("xpum_cache_errors", "Errors of caches since the driver was loaded.", field) with { Labels = [new("type", type)] };

    private static MetricFamily Count(string name, string help, string field) => new(name, help, MetricType.Counter, field, IsInteger: true) { Unit = "count" };
}
