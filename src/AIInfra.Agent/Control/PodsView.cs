using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Sharing;

namespace AIInfra.Agent.Control;

/// <summary>Which pods hold which device, at one moment.</summary>
internal sealed class PodsView(PodResourcesSnapshot pods, NodeOffer offer)
{
    private readonly FrozenDictionary<string, ImmutableArray<PodHolder>> _byDevice = pods.ByDevice(offer);

    /// <summary>Why it is not known; null when it is.</summary>
    public string? Unknown => pods.Reason;

    /// <summary>Null: not known. Empty: nobody.</summary>
    public IReadOnlyList<PodStatus>? Of(string deviceId) => !pods.IsKnown ? null
        : _byDevice.TryGetValue(deviceId, out var holders) ? [.. holders.Select(holder => new PodStatus(holder.Namespace, holder.Pod, holder.Container))] : [];
}
