using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>Labels that tell one Xid from another, rendered once for each.</summary>
internal sealed class XidLabels(Func<long, IEnumerable<KeyValuePair<string, string>>> labels)
{
    private readonly Dictionary<long, LabelSet> _byCode = [];

    public LabelSet this[long code]
    {
        get
        {
            if (!_byCode.TryGetValue(code, out var set))
                _byCode.Add(code, set = new LabelSet(labels(code)));
            return set;
        }
    }

    public static string Text(long code) => code.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Xids since the daemon was started, one series a code. Codes that monitors watch are there from zero; a series of another code is born at
/// zero and stays there for a minute, so that <c>increase()</c> sees its first Xid too.</summary>
internal sealed class XidTotalRows(MetricHead head, NvidiaCounts counts, TimeProvider time, Func<long, IEnumerable<KeyValuePair<string, string>>> labels) : DeviceRows(head, MetricRank.Essential)
{
    private readonly XidLabels _labels = new(labels);

    public override IEnumerable<string> LabelNames => labels(0).Select(label => label.Key);
    public override int MostSeries => NvidiaCounts.MostXids;
    public override string Source => "NVML events; counted from zero for the codes " + string.Join(", ", NvidiaCounts.FromZero);

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet device)
    {
        var seen = counts.XidsOf(moment.Device.Id);
        foreach (var code in moment.Device.ParentId is null ? NvidiaCounts.FromZero : [])
        {
            if (Find(seen, code) is null)
                writer.Sample(device, _labels[code], 0);
        }
        foreach (var xid in seen)
            writer.Sample(device, _labels[xid.Code], IsGrown(xid, moment) ? xid.Count.Total : 0);
    }

    internal static NvidiaCounts.Xid? Find(ImmutableArray<NvidiaCounts.Xid> seen, long code)
    {
        foreach (var xid in seen)
        {
            if (xid.Code == code)
                return xid;
        }
        return null;
    }

    private bool IsGrown(NvidiaCounts.Xid xid, in DeviceMoment moment)
    {
        if (moment.Device.ParentId is null && Array.IndexOf(NvidiaCounts.FromZero, xid.Code) >= 0)
            return true;
        xid.Born ??= moment.Now;
        return time.GetElapsedTime(xid.Born.Value, moment.Now) >= NvidiaCounts.BornFor;
    }
}

/// <summary>Xids within a sliding window, one series a code; one of 0 without a code while there is none.</summary>
internal sealed class XidCountRows(NvidiaCounts counts) : DeviceRows(
    new MetricHead("DCGM_EXP_XID_ERRORS_COUNT", MetricType.Gauge, "Xids within the window, by their code."), MetricRank.Usual)
{
    private readonly string _window = DcgmWindow.Text(counts.Window);
    private readonly LabelSet _none = new(new KeyValuePair<string, string>(DcgmWindow.Label, DcgmWindow.Text(counts.Window)));
    private XidLabels? _labels;

    public override IEnumerable<string> LabelNames => [DcgmWindow.Label, "xid"];
    public override int MostSeries => NvidiaCounts.MostXids;
    public override string Source => "NVML events";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet device)
    {
        _labels ??= new XidLabels(code => [new(DcgmWindow.Label, _window), new("xid", XidLabels.Text(code))]);
        var (seen, any) = (counts.XidsOf(moment.Device.Id), false);
        foreach (var code in moment.Device.ParentId is null ? NvidiaCounts.FromZero : [])
        {
            if (XidTotalRows.Find(seen, code) is null)
                writer.Sample(device, _labels[code], 0);
        }
        foreach (var xid in seen)
        {
            var count = xid.Count.CountAt(moment.Now);
            any |= count > 0;
            writer.Sample(device, _labels[xid.Code], count);
        }
        if (!any)
            writer.Sample(device, _none, 0);
    }
}

/// <summary>When each Xid was last told.</summary>
internal sealed class XidTimeRows(MetricHead head, NvidiaCounts counts, Func<long, IEnumerable<KeyValuePair<string, string>>> labels) : DeviceRows(head)
{
    private readonly XidLabels _labels = new(labels);

    public override IEnumerable<string> LabelNames => labels(0).Select(label => label.Key);
    public override int MostSeries => NvidiaCounts.MostXids;
    public override string Source => "NVML events";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet device)
    {
        foreach (var xid in counts.XidsOf(moment.Device.Id))
            writer.Sample(device, _labels[xid.Code], xid.Last / 1000.0);
    }
}

/// <summary>Samples in which the clocks were held down, by the reason: within the window, or since the daemon was started.</summary>
internal sealed class ClockEventRows(NvidiaCounts counts, bool isTotal) : DeviceRows(isTotal
    ? new MetricHead("DCGM_EXP_CLOCK_EVENTS_TOTAL", MetricType.Counter, "Samples since the agent was started in which the clocks were held down, by the reason.")
    : new MetricHead("DCGM_EXP_CLOCK_EVENTS_COUNT", MetricType.Gauge, "Samples within the window in which the clocks were held down, by the reason."), MetricRank.Detail)
{
    private readonly ImmutableArray<LabelSet> _labels =
    [
        .. NvidiaClockReasons.All.Select(reason => new LabelSet(isTotal
            ? [new("clock_event", reason.Dcgm)]
            : [new(DcgmWindow.Label, DcgmWindow.Text(counts.Window)), new("clock_event", reason.Dcgm)])),
    ];

    public override IEnumerable<string> LabelNames => isTotal ? ["clock_event"] : [DcgmWindow.Label, "clock_event"];
    public override string Source => "`clock_event_reasons` of each sample";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet device)
    {
        for (var reason = 0; reason < _labels.Length; reason++)
        {
            if (counts.ReadClock(moment.Device.Id, reason, moment.Now) is { } count)
                writer.Sample(device, _labels[reason], isTotal ? count.Total : count.InWindow);
        }
    }
}

internal static class DcgmWindow
{
    public const string Label = "window_size_in_ms";

    public static string Text(TimeSpan window) => ((long)window.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
