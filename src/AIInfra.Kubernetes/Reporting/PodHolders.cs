using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Sharing;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>Who holds a device, as the kubelet says.</summary>
internal sealed class PodHolders(PodResourcesBoard pods, OfferBoard offers) : IDeviceHolders
{
    private readonly Lock _gate = new();
    private (PodResourcesSnapshot Pods, NodeOffer Offer, FrozenDictionary<string, ImmutableArray<PodHolder>> ByDevice)? _last;

    public IReadOnlyList<DeviceHolder>? HoldersOf(string deviceId)
    {
        var (held, offer) = (pods.Current.Value, offers.Current.Value);
        if (!held.IsKnown)
            return null;
        lock (_gate)
        {
            if (_last is not { } last || last.Pods != held || last.Offer != offer)
                _last = last = (held, offer, held.ByDevice(offer));
            return last.ByDevice.TryGetValue(deviceId, out var holders) ? [.. holders.Select(holder => new DeviceHolder(holder.Namespace, holder.Pod)).Distinct()] : [];
        }
    }
}
