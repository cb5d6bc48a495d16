using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Rdma;

/// <summary>What sysfs tells of an RDMA device. One with a single port tells the port's readings itself; of one with several each port tells its own.</summary>
/// <remarks>The counters are named as node_exporter names them, without <c>node_infiniband_</c> in front.</remarks>
internal static class RdmaFields
{
    public const string Vendor = "rdma";

    /// <summary>Files below the port's folder, see counters.tsv.</summary>
    internal static ImmutableArray<(string Field, string File, double Scale, string Meaning)> Counters { get; } =
        [.. VendorData.Lines("rdma.counters.tsv").Select(line => line.Split('\t')).Select(cells => (cells[0], cells[1], double.Parse(cells[2], CultureInfo.InvariantCulture), cells[3]))];

    public static FieldTable Table { get; } = new(Vendor,
    [
        new("ports", FieldKind.Gauge) { Source = "the folders of the ports" },
        new("ports_active", FieldKind.Gauge) { Source = "state" },
        new("ports_used", FieldKind.Gauge) { Source = "state, counters/link_downed, counters/port_rcv_data" }, // had a link since the driver was loaded: data came in, or the link was lost
        new("state_id", FieldKind.Gauge) { Source = "state" }, // 1 down, 2 init, 3 armed, 4 active
        new("physical_state_id", FieldKind.Gauge) { Source = "phys_state" }, // 2 polling, 3 disabled, 5 link up
        new("rate_bytes_per_second", FieldKind.Gauge) { Source = "rate" },
        .. Counters.Select(counter => new Field(counter.Field, counter.Field.EndsWith("_total", StringComparison.Ordinal) ? FieldKind.Counter : FieldKind.Gauge)
        {
            Source = counter.File,
            Absence = counter.File.StartsWith("hw_counters/", StringComparison.Ordinal) ? "cards of other drivers than mlx5" : "",
        }),
    ]);
}
