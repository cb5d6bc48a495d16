using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Ascend.Metrics;

/// <summary>All profiles that NPUs have.</summary>
internal static class AscendProfiles
{
    private static readonly FieldTable Table = AscendFields.Table;

    public static ImmutableArray<MetricProfile> All() => [Native(), NeutralProfile.Of(Table, MetricTable.Load(typeof(AscendProfiles).Assembly, "ascend.neutral.tsv"), [])];

    /// <summary>The names of the vendor's npu-exporter, all gauges as there, without its time stamps. Unknown is no series, where that exporter prints -1.</summary>
    private static MetricProfile Native() => new()
    {
        Name = "native",
        Vendor = AscendFields.Vendor,
        Families =
        [
            .. VendorData.Lines("ascend.native.tsv").Select(Parse),
            new MetricFamily("npu_chip_info_health_status", "1 when the driver calls the chip well, 0 when not.", MetricType.Gauge, "health") { Rank = MetricRank.Essential, Scope = MetricScope.Boards, Of = value => value == 0 ? 1 : 0 },
            new MetricFamily("npu_chip_info_network_status", "1 when the chip's network port reaches its partner, 0 when not.", MetricType.Gauge, "network_health") { Scope = MetricScope.Boards, Of = value => value is 0 or 6 ? 1 : 0 },
            .. Enumerable.Range(0, AscendFields.HccsPorts).SelectMany(port => new[]
            {
                Port("tx_cnt", "sent over", $"hccs_sent_{port}_total", port), Port("rx_cnt", "received over", $"hccs_received_{port}_total", port), Port("crc_err_cnt", "damaged on", $"hccs_crc_errors_{port}_total", port),
            }),
        ],
        Rows = [new AscendShareRows(), .. Enumerable.Range(0, 10).Select(place => new AscendCodeRows(place))],
        Labels = Labels,
    };

    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled)
    {
        var device = labelled.Device;
        KeyValuePair<string, string>[] work = [.. labelled.Workload is { } at ? at.More : [], new("namespace", labelled.Workload?.Namespace ?? ""), new("pod_name", labelled.Workload?.Pod ?? ""), new("container_name", labelled.Workload?.Container ?? "")];
        return device.Partition is { } part
            ? [
                new("id", device.Index.ToString(CultureInfo.InvariantCulture)), new("model_name", device.Model), new("v_dev_id", part.Instance.ToString(CultureInfo.InvariantCulture)),
                new("aicore_count", device.Traits.GetValueOrDefault(AscendTraits.Cores, "")), new("is_virtual", "true"), .. work,
            ]
            : [
                new("id", device.Traits.GetValueOrDefault(AscendTraits.Phy, "")), new("vdie_id", device.Id), new("model_name", device.Model), new("pcie_bus_info", device.PciAddress ?? ""), .. work,
            ];
    }

    private static MetricFamily Port(string word, string phrase, string field, int port) =>
        new(string.Create(CultureInfo.InvariantCulture, $"npu_chip_info_hccs_statistic_info_{word}_{port}"), string.Create(CultureInfo.InvariantCulture, $"Packets {phrase} HCCS port {port}."), MetricType.Gauge, field, IsInteger: true)
        {
            Rank = MetricRank.Detail,
            Scope = MetricScope.Boards,
            Unit = "count",
        };

    private static MetricFamily Parse(string line)
    {
        if (line.Split('\t') is not [var name, var unit, var field, var rank, var scope, var meaning])
            throw new FormatException($"native.tsv: \"{line}\" has not six columns");
        var (scale, phrase) = unit switch
        {
            "W" => (1, ", in watts"),
            "V" => (1, ", in volts"),
            "C" => (1, ", in degrees Celsius"),
            "%" => (100, ", in percent"),
            "MHz" => (1e-6, ", in megahertz"),
            "MB" => (1.0 / (1 << 20), ", in megabytes of 1024 KiB"),
            "KB" => (1.0 / 1024, ", in kilobytes of 1024 bytes"),
            "count" or "1" => (1.0, ""),
            _ => throw new FormatException($"native.tsv: '{unit}' is no unit"),
        };
        return new MetricFamily(name, $"{meaning}{phrase}.", MetricType.Gauge, field, scale)
        {
            Rank = MetricTable.RankOf(rank),
            Scope = scope == "partition" ? MetricScope.Partitions : MetricScope.Boards,
            Unit = unit == "1" ? "" : unit,
        };
    }
}

/// <summary>How full the memory on the package is.</summary>
internal sealed class AscendShareRows() : DeviceRows(new MetricHead("npu_chip_info_hbm_utilization", MetricType.Gauge, "Memory in use on the package, in percent."), MetricRank.Usual)
{
    private static readonly int Total = AscendFields.Table["hbm_total_bytes"], Used = AscendFields.Table["hbm_used_bytes"];

    public override string Source => "`hbm_used_bytes`, `hbm_total_bytes`";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Device.Partition is null && moment.Readings is { } readings && readings[Total] is { IsPresent: true, Value: > 0 and var total } && readings[Used] is { IsPresent: true, Value: var used })
            writer.Sample(labels, used / total * 100);
    }
}

/// <summary>One of the first ten fault codes that stand, as a decimal number; the first is 0 where there is none.</summary>
internal sealed class AscendCodeRows(int place) : DeviceRows(
    new MetricHead(place == 0 ? "npu_chip_info_error_code" : string.Create(CultureInfo.InvariantCulture, $"npu_chip_info_error_code_{place}"), MetricType.Gauge, "A fault code that stands on the chip, as a decimal number; 0 for none."),
    place == 0 ? MetricRank.Essential : MetricRank.Detail)
{
    private static readonly int Codes = AscendFields.Table["error_codes"], First = AscendFields.Table["error_code_0"];

    public override string Source => $"`error_code_{place}`";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Readings is not { } readings || !readings[Codes].IsPresent)
            return;
        if (readings[First + place].IsPresent)
            writer.Sample(labels, readings[First + place].Value);
        else if (place == 0)
            writer.Sample(labels, 0);
    }
}
