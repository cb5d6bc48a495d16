using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>Knows which pods of one node hold some devices, or partitions of them.</summary>
public interface IDevicePods
{
    /// <returns>By namespace and name; null with why not when it is not known. And when that was so.</returns>
    (ImmutableHashSet<(string Namespace, string Name)>? Pods, string WhyNot, DateTimeOffset At) HoldersOf(ImmutableArray<string> devices);
}

/// <summary>As this node's kubelet says.</summary>
internal sealed class DevicePods(PodResourcesBoard pods, OfferBoard offers, InventoryBoard inventory) : IDevicePods
{
    public (ImmutableHashSet<(string Namespace, string Name)>? Pods, string WhyNot, DateTimeOffset At) HoldersOf(ImmutableArray<string> devices)
    {
        var held = pods.Current.Value;
        if (!held.IsKnown)
            return (null, $"Which pods hold the device is not known: {held.Reason}", default);
        var all = held.ByDevice(offers.Current.Value);
        var ids = inventory.Current.Value.Devices.Where(device => device.ParentId is { } parent && devices.Contains(parent)).Select(device => device.Id).Concat(devices);
        return ([.. ids.SelectMany(id => all.TryGetValue(id, out var holders) ? holders : []).Select(holder => (holder.Namespace, holder.Pod))], "", held.TakenAt!.Value);
    }
}
