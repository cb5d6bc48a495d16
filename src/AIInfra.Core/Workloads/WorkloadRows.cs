using System.Collections.Immutable;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Workloads;

/// <summary>Who has which device, and why that is not known where it is not.</summary>
public sealed class WorkloadRows(WorkloadBoard board, TimeProvider time) : PageRows
{
    /// <summary>Holds with a series of their own.</summary>
    internal const int Limit = 2000;

    private const string Known = "known";

    private static readonly ImmutableArray<(string Word, LabelSet Labels)> States =
        [.. Enum.GetValues<PodResourcesGap>().Select(WordOf).Prepend(Known).Select(word => (word, AgentMetric.AttributionState.Labelled(word)))];

    private Holdings? _rendered;
    private ImmutableArray<LabelSet> _holds = [];

    public override void Write(PageWriter writer)
    {
        var holdings = board.Current.Value;
        if (_rendered is null || _rendered.All != holdings.All)
            (_rendered, _holds) = (holdings, [.. holdings.All.Take(Limit).Select(LabelsOf)]);
        var state = holdings.Pods.IsKnown ? Known : WordOf(holdings.Pods.Gap);
        writer.Family(AgentMetric.AttributionState);
        foreach (var (word, labels) in States)
            writer.Sample(labels, ReferenceEquals(word, state) || word == state ? 1 : 0);
        writer.Family(AgentMetric.AttributionAge);
        if (holdings.Pods.TakenAt is { } taken)
            writer.Sample(LabelSet.Empty, Math.Round(Math.Max(0, (time.GetUtcNow() - taken).TotalSeconds), 3));
        writer.Family(AgentMetric.AttributionUnmatched);
        if (holdings.Pods.IsKnown)
            writer.Sample(LabelSet.Empty, holdings.Unmatched);
        writer.Family(AgentMetric.DeviceAllocation);
        foreach (var labels in _holds)
            writer.Sample(labels, 1);
    }

    private static LabelSet LabelsOf(Holding holding)
    {
        var (holder, device) = (holding.Holder, holding.Device);
        var labels = AgentMetric.DeviceAllocation.Labelled(device.Vendor, device.Id, holding.Resource, holder.Namespace, holder.Pod, holder.Container);
        return holding.Details is not { } details ? labels
            : new LabelSet([.. labels.Labels, new("pod_uid", details.Uid), .. PodLabels.Named(details.Labels, prefix: "label_")]);
    }

    private static string WordOf(PodResourcesGap gap) => gap switch
    {
        PodResourcesGap.Off => "off",
        PodResourcesGap.NoKubelet => "no_kubelet",
        PodResourcesGap.Permission => "no_permission",
        PodResourcesGap.Busy => "kubelet_busy",
        PodResourcesGap.TooLarge => "answer_too_large",
        PodResourcesGap.Silent => "no_answer",
        PodResourcesGap.Refused => "refused",
        _ => "not_asked",
    };
}
