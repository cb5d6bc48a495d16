using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Amd.Metrics;

/// <summary>All profiles that AMD GPUs have.</summary>
internal static class AmdProfiles
{
    private const string Undivided = "SPX";

    public static ImmutableArray<MetricProfile> All() => [Native(), Neutral()];

    /// <summary>The names of AMD's device-metrics-exporter, all gauges as there. Left out is what the files tell only as a sum or a mean of the parts that it lists
    /// one by one: XGMI links, HBM stacks, video engines.</summary>
    private static MetricProfile Native() => new()
    {
        Name = "native",
        Vendor = AmdFields.Vendor,
        Families =
        [
            .. VendorData.Lines("amd.native.tsv").Select(Parse),
            .. new[] { ("system", "graphics_clock_hertz"), ("memory", "memory_clock_hertz"), ("video", "video_clock_hertz"), ("data", "data_clock_hertz"), ("soc", "soc_clock_hertz") }
                .Select(clock => new MetricFamily("gpu_clock", "Clock, in megahertz; of several of one type the highest.", MetricType.Gauge, clock.Item2, 1e-6, IsInteger: true)
                {
                    Labels = [new("clock_type", clock.Item1)],
                    Unit = "MHz",
                }),
            .. AmdFields.Blocks.SelectMany(block => new[] { Errors(block, "correct", "corrected", "were corrected"), Errors(block, "uncorrect", "uncorrected", "could not be corrected") }),
        ],
        Rows =
        [
            new AmdHealthRows(),
            new AmdFreeRows("gpu_free_vram", "Memory that is free, in megabytes of 1024 KiB.", "memory"),
            new AmdFreeRows("gpu_free_visible_vram", "Memory that is free and that the processor can reach, in megabytes of 1024 KiB.", "visible_memory"),
            new AmdFreeRows("gpu_free_gtt", "Memory of the host that the GPU may use and does not, in megabytes of 1024 KiB.", "gtt"),
        ],
        Labels = Labels,
    };

    private static MetricProfile Neutral() => NeutralProfile.Of(AmdFields.Table,
        [
            .. MetricTable.Load(typeof(AmdProfiles).Assembly, "amd.neutral.tsv"),
            NeutralProfile.LinkGeneration("pcie_link_speed_gigatransfers"),
        ],
        []);

    /// <summary>An undivided GPU is its partition 0, as with that exporter. A divided one's own series bear no partition: its first partition has series of that number.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled)
    {
        var device = labelled.Device;
        var compute = device.Traits.GetValueOrDefault(AmdTraits.Compute, "");
        return
        [
            new("gpu_id", device.Index.ToString(CultureInfo.InvariantCulture)), new("serial_number", device.Serial ?? ""), new("card_model", device.Model), new("hostname", labelled.NodeName),
            new("gpu_partition_id", device.Partition is { } partition ? partition.Instance.ToString(CultureInfo.InvariantCulture) : compute is "" or Undivided ? "0" : ""),
            new("gpu_compute_partition_type", compute.ToLowerInvariant()), new("gpu_memory_partition_type", device.Traits.GetValueOrDefault(AmdTraits.Memory, "").ToLowerInvariant()),
            .. DcgmWorkload.Labels(labelled.Workload),
        ];
    }

    private static MetricFamily Errors(string block, string word, string field, string phrase) =>
        new($"gpu_ecc_{word}_{(block == "pcie_bif" ? "bif" : block)}", $"Errors of the block {block} that {phrase}.", MetricType.Gauge, $"ecc_{field}_{block}_total", IsInteger: true)
        {
            Rank = MetricRank.Detail,
            Unit = "count",
        };

    private static MetricFamily Parse(string line)
    {
        if (line.Split('\t') is not [var name, var unit, var field, var rank, var meaning])
            throw new FormatException($"native.tsv: \"{line}\" has not five columns");
        var (scale, phrase) = unit switch
        {
            "W" => (1, ", in watts"),
            "C" => (1, ", in degrees Celsius"),
            "%" => (100, ", in percent"),
            "MB" => (AmdFreeRows.Megabyte, ", in megabytes of 1024 KiB"),
            "uJ" => (1e6, ", in microjoules"),
            "GT/s" => (1, ", in billions of transfers per second"),
            "count" => (1.0, ""),
            _ => throw new FormatException($"'{unit}' is no unit"),
        };
        return new MetricFamily(name, $"{meaning}{phrase}.", MetricType.Gauge, field, scale) { Rank = MetricTable.RankOf(rank), Unit = unit };
    }
}
