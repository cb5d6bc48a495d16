using System.Runtime.CompilerServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Rdma.Metrics;

/// <summary>node_exporter's <c>node_infiniband_info</c>: what the card is. It is the card's, so it names no port and no work.</summary>
internal sealed class RdmaInfoRows() : DeviceRows(
    new MetricHead("node_infiniband_info", MetricType.Gauge, "Always 1: what the card is. Join it by device."), MetricRank.Essential)
{
    private readonly ConditionalWeakTable<LabelSet, LabelSet> _byDevice = [];

    public override IEnumerable<string> LabelNames => ["device", "board_id", "firmware_version", "hca_type"];
    public override string Source => "the inventory";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Device.ParentId is not null)
            return;
        if (!_byDevice.TryGetValue(labels, out var info)) // another set of labels whenever the device is another
            _byDevice.Add(labels, info = Describe(moment.Device));
        writer.Sample(info, 1);
    }

    private static LabelSet Describe(Device device) => new(
        new("device", device.NodeName ?? device.Id), new("board_id", device.Traits.GetValueOrDefault(RdmaTraits.Board, "")),
        new("firmware_version", device.Firmware.GetValueOrDefault("fw", "")), new("hca_type", device.Model));
}
