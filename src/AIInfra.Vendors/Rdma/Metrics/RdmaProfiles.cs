using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Rdma.Metrics;

/// <summary>All profiles that RDMA devices have.</summary>
internal static class RdmaProfiles
{
    private const double Active = 4;

    public static ImmutableArray<MetricProfile> All() => [Native(), Neutral()];

    /// <summary>The names of node_exporter's collector for InfiniBand. A card without ports of their own is its port: the kernel numbers ports from 1.</summary>
    private static MetricProfile Native() => new()
    {
        Name = "native",
        Vendor = RdmaFields.Vendor,
        Families =
        [
            Family("state_id", "State of the port: 1 down, 2 initialising, 3 armed, 4 active.", MetricRank.Essential),
            Family("physical_state_id", "Physical state of the port: 2 polling, 3 disabled, 5 link up.", MetricRank.Usual),
            Family("rate_bytes_per_second", "Data that the port can carry.", MetricRank.Usual),
            .. RdmaFields.Counters.Select(counter => Family(counter.Field, counter.Meaning,
                counter.Field.StartsWith("port_data_", StringComparison.Ordinal) ? MetricRank.Essential
                : counter.File.StartsWith("hw_counters/", StringComparison.Ordinal) ? MetricRank.Detail : MetricRank.Usual)),
        ],
        Rows = [new RdmaInfoRows()],
        Labels = labelled =>
        [
            new("device", labelled.Device.NodeName ?? labelled.Device.Id),
            .. PortOf(labelled) is { } port ? [new("port", port.ToString(CultureInfo.InvariantCulture))] : ImmutableArray<KeyValuePair<string, string>>.Empty,
            .. DcgmWorkload.Labels(labelled.Workload),
        ],
    };

    private static MetricProfile Neutral() => NeutralProfile.Of(RdmaFields.Table,
        [
            new MetricFamily("hw_network_up", "1 while the port carries data, 0 while it does not.", MetricType.Gauge, "state_id")
            {
                Rank = MetricRank.Essential,
                Of = state => state == Active ? 1 : 0,
            },
        ],
        [], kind: "network");

    /// <summary>Null for a card with several ports: its series would be taken for its first port's.</summary>
    private static int? PortOf(LabelledDevice labelled) =>
        labelled.Device.Partition is { } port ? port.Instance
        : labelled.Vendor.Devices.Any(other => other.ParentId == labelled.Device.Id) ? null : 1;

    private static MetricFamily Family(string field, string help, MetricRank rank) =>
        new($"node_infiniband_{field}", help, field.EndsWith("_total", StringComparison.Ordinal) ? MetricType.Counter : MetricType.Gauge, field) { Rank = rank };
}
