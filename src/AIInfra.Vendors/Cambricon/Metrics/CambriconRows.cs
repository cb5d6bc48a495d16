using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Cambricon.Metrics;

/// <summary>mlu-exporter's <c>memory_utilization</c>: memory in use as a share of what programs see.</summary>
internal sealed class CambriconMemoryRows() : DeviceRows(new MetricHead("mlu_memory_utilization", MetricType.Gauge, "Memory in use as a share of what programs see, in percent."))
{
    private static readonly int Used = CambriconFields.Table["memory_used_bytes"], Global = CambriconFields.Table["memory_global_bytes"], Total = CambriconFields.Table["memory_total_bytes"];

    public override string Source => "`memory_used_bytes`, `memory_global_bytes`";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Readings is not { } readings || !readings[Used].IsPresent)
            return;
        var total = readings[Global].IsPresent ? readings[Global] : readings[Total];
        if (total is { IsPresent: true, Value: > 0 })
            writer.Sample(labels, 100 * readings[Used].Value / total.Value);
    }
}

/// <summary>mlu-exporter's <c>virtual_mode</c>, as far as the board itself tells it.</summary>
internal sealed class CambriconVirtualRows() : DeviceRows(new MetricHead("mlu_virtual_mode", MetricType.Gauge, "How the board is divided: 0 not at all, 1 by MIM, 2 by sMLU."), MetricRank.Detail)
{
    public override string Source => "the inventory";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Device.ParentId is null)
            writer.Sample(labels, moment.Device.Traits.GetValueOrDefault(CambriconTraits.Division) switch { CambriconTraits.Mim => 1, CambriconTraits.Smlu => 2, _ => 0 });
    }
}

/// <summary>mlu-exporter's <c>xid_error_count</c>: one series an Xid, since the daemon was started.</summary>
internal sealed class CambriconXidRows(CambriconXids xids) : DeviceRows(new MetricHead("mlu_xid_error_count", MetricType.Gauge, "Xids since the daemon was started, by their number."))
{
    private readonly Dictionary<long, LabelSet> _labels = [];

    public override IEnumerable<string> LabelNames => ["xid", "xid_base_10"];
    public override string Source => "EventWait";
    public override int MostSeries => CambriconXids.MostXids;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        foreach (var (xid, count) in xids.Of(moment.Device.Id))
        {
            if (!_labels.TryGetValue(xid, out var own))
            {
                _labels.Add(xid, own = new LabelSet(
                    new KeyValuePair<string, string>("xid", string.Create(CultureInfo.InvariantCulture, $"0x{xid:x16}")),
                    new KeyValuePair<string, string>("xid_base_10", unchecked((ulong)xid).ToString(CultureInfo.InvariantCulture))));
            }
            writer.Sample(labels, own, count);
        }
    }
}

/// <summary>mlu-exporter's <c>container</c>, which its dashboards join by uuid: a device that bears work.</summary>
internal sealed class CambriconPodRows() : DeviceRows(new MetricHead("mlu_container", MetricType.Gauge, "Always 1: the device works for the pod that the labels name."), MetricRank.Usual)
{
    private const string Pod = "pod";

    public override string Source => "the kubelet's pod resources";
    public override int MostSeries => 1;

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        foreach (var (name, _) in labels.Labels)
        {
            if (name == Pod)
            {
                writer.Sample(labels, 1);
                return;
            }
        }
    }
}
