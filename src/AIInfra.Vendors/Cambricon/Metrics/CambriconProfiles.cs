using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Cambricon.Metrics;

/// <summary>All profiles that MLUs have.</summary>
internal static class CambriconProfiles
{
    private const string Prefix = "mlu_", UuidPrefix = "MLU-";

    public static ImmutableArray<MetricProfile> All(CambriconXids xids) => [Native(xids), Neutral()];

    /// <summary>The names of mlu-exporter as its installation for Kubernetes has them. Left out is what it tells of each core, cluster, memory die and process, of optical modules,
    /// and of the chassis; the node's address is no label.</summary>
    private static MetricProfile Native(CambriconXids xids) => new()
    {
        Name = "native",
        Vendor = CambriconFields.Vendor,
        Families =
        [
            .. VendorData.Lines("cambricon.native.tsv").Select(Board),
            new MetricFamily(Prefix + "driver_state", "1 while the driver runs.", MetricType.Gauge, "driver_state") { Of = state => state == CambriconDriverState.Running ? 1 : 0, Unit = "flag" },
            .. VendorData.Lines("cambricon.ports.tsv").Select(line => line.Split('\t')).SelectMany(cells => Enumerable.Range(0, Cndev.MostLinks).Select(port => Port(cells, port))),
        ],
        Rows =
        [
            new CambriconMemoryRows(), new CambriconVirtualRows(), new CambriconXidRows(xids), new CambriconPodRows(),
        ],
        Labels = Labels,
    };

    private static MetricProfile Neutral() => NeutralProfile.Of(CambriconFields.Table, MetricTable.Load(typeof(CambriconProfiles).Assembly, "cambricon.neutral.tsv"), []);

    /// <summary>As that exporter, an instance goes by its own UUID and its number (vf), and its type by its profile.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled)
    {
        var device = labelled.Device;
        var type = CambriconOffers.TypeOf(device);
        return
        [
            new("driver", labelled.Vendor.DriverVersion is { } driver ? $"v{driver}" : ""), new("mcu", Controller(device, labelled.Vendor) is { } mcu ? $"v{mcu}" : ""),
            new("mlu", device.Index.ToString(CultureInfo.InvariantCulture)), new("model", device.Model), new("node", labelled.NodeName), new("sn", device.Serial ?? ""),
            new("type", device.Partition is { } part ? $"{type}.{device.Traits.GetValueOrDefault(CambriconTraits.Division)}-{part.Profile}" : type),
            new("uuid", device.Id.StartsWith(UuidPrefix, StringComparison.Ordinal) ? device.Id[UuidPrefix.Length..] : device.Id),
            .. device.Partition is { } own ? [new("vf", own.Instance.ToString(CultureInfo.InvariantCulture))] : ImmutableArray<KeyValuePair<string, string>>.Empty,
            .. DcgmWorkload.Labels(labelled.Workload),
        ];
    }

    private static string? Controller(Device device, VendorInventory inventory) =>
        (device.ParentId is { } parent ? inventory.Devices.FirstOrDefault(board => board.Id == parent) : device)?.Firmware.GetValueOrDefault("mcu");

    private static MetricFamily Board(string line)
    {
        if (line.Split('\t') is not [var name, var unit, var field, var rank, var meaning])
            throw new FormatException($"native.tsv: \"{line}\" has not five columns");
        return Family(name, unit, field, meaning) with { Rank = MetricTable.RankOf(rank) };
    }

    private static MetricFamily Port(string[] cells, int port) => Family(cells[0], cells[1], CambriconFields.OfPort(port, cells[2]), cells[3]) with
    {
        Rank = MetricRank.Detail,
        Labels = [new("link", port.ToString(CultureInfo.InvariantCulture))],
    };

    private static MetricFamily Family(string name, string unit, string field, string meaning)
    {
        var (scale, phrase) = unit switch
        {
            "%" => (100, ", in percent"),
            "B" => (1, ", in bytes"),
            "W" => (1, ", in watts"),
            "C" => (1, ", in degrees Celsius"),
            "MHz" => (1e-6, ", in megahertz"),
            "rpm" => (1, ", in revolutions a minute"),
            "GB/s" => (1e-9, ", in gigabytes a second"),
            "count" or "code" or "flag" => (1.0, ""),
            _ => throw new FormatException($"'{unit}' is no unit"),
        };
        return new MetricFamily(Prefix + name, $"{meaning}{phrase}.", unit == "count" && name.EndsWith("_total", StringComparison.Ordinal) ? MetricType.Counter : MetricType.Gauge, field, scale) { Unit = unit };
    }
}
