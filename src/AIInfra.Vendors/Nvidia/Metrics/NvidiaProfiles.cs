using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>All profiles that NVIDIA's devices have.</summary>
internal static class NvidiaProfiles
{
    /// <param name="choice">Of <c>metrics.dcgmCsv</c>; null without one.</param>
    public static ImmutableArray<MetricProfile> All(NvidiaCounts counts, TimeProvider time, DcgmChoice? choice)
    {
        ImmutableArray<DeviceRows> made =
        [
            new XidCountRows(counts),
            new XidTotalRows(
                new MetricHead("DCGM_EXP_XID_ERRORS_TOTAL", MetricType.Counter, "Xids since the agent was started, by their code."), counts, time, code => [new("xid", XidLabels.Text(code))]),
            new ClockEventRows(counts, isTotal: false), new ClockEventRows(counts, isTotal: true), new DcgmHealthRows(),
        ];
        return [NvidiaDcgmProfile.Legacy(choice, made), NvidiaDcgmProfile.Current(choice, made), Native(counts, time), Neutral(counts, time)];
    }

    /// <summary>The names of nvidia_gpu_exporter, the widest-spread exporter of NVIDIA's own figures beside DCGM's. Its uuid has no prefix.</summary>
    private static MetricProfile Native(NvidiaCounts counts, TimeProvider time) => new()
    {
        Name = "native",
        Vendor = NvidiaFields.Table.Vendor,
        Families = MetricTable.Load(typeof(NvidiaProfiles).Assembly, "nvidia.native.tsv"),
        Rows =
        [
            new SmiInfoRows(),
            new XidTotalRows(new MetricHead("nvidia_smi_xid_errors_total", MetricType.Counter, "Xids since the agent was started, by their code."), counts, time, code => [new("xid", XidLabels.Text(code))]),
            new XidTimeRows(new MetricHead("nvidia_smi_xid_last_timestamp_seconds", MetricType.Gauge, "When the Xid was last told, in Unix time."), counts, code => [new("xid", XidLabels.Text(code))]),
        ],
        Labels = labelled =>
        [
            new("uuid", SmiInfoRows.Bare(labelled.Device.ParentId ?? labelled.Device.Id)),
            .. labelled.Device.Partition is { } partition ? [new("gpu_instance_id", partition.Instance.ToString(CultureInfo.InvariantCulture))] : ImmutableArray<KeyValuePair<string, string>>.Empty,
            .. DcgmWorkload.Labels(labelled.Workload),
        ],
    };

    private static MetricProfile Neutral(NvidiaCounts counts, TimeProvider time) => NeutralProfile.Of(NvidiaFields.Table,
        [
            .. NvidiaClockReasons.All.Where(reason => reason.Bit != NvidiaClockEvents.Idle).Select(reason => new MetricFamily(
                "hw_gpu_throttle_active", "1 while the clocks are held down for the reason.", MetricType.Gauge, "clock_event_reasons")
            {
                Labels = [new("reason", reason.Neutral)],
                Of = bits => ((NvidiaClockEvents)(uint)bits).HasFlag(reason.Bit) ? 1 : 0,
            }),
        ],
        [
            new XidTotalRows(new MetricHead("hw_gpu_fault_events_total", MetricType.Counter, "Faults that the driver told since the agent was started, by the vendor's code."), counts, time, Fault),
            new XidTimeRows(new MetricHead("hw_gpu_fault_last_timestamp_seconds", MetricType.Gauge, "When the fault was last told, in Unix time."), counts, Fault),
        ]);

    private static KeyValuePair<string, string>[] Fault(long code) => [new("origin", "xid"), new("code", XidLabels.Text(code))];
}
