using System.Collections.Immutable;
using AIInfra.Aggregator.Nodes;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.Aggregator.Cluster;

/// <summary>Who holds a node's devices, as its agent reports it. A node that lies moves pods of its own at most: a drain touches no pod that the API server does not have on that node.</summary>
internal sealed class ReportedPods(FleetView view, string node) : IDevicePods
{
    public (ImmutableHashSet<(string Namespace, string Name)>? Pods, string WhyNot, DateTimeOffset At) HoldersOf(ImmutableArray<string> devices)
    {
        if (view.Find(node) is not { IsConnected: true } record)
            return (null, "Which pods hold the device is not known: the node is not connected.", default);
        if (devices.FirstOrDefault(device => !record.Devices.Any(known => known.Id == device)) is { } unknown)
            return (null, $"Which pods hold the device is not known: the node does not report a device {unknown}.", default);
        var ids = record.Devices.Where(device => devices.Contains(device.Parent)).Select(device => device.Id).Concat(devices).ToHashSet(StringComparer.Ordinal);
        return ([.. record.Workloads.Where(workload => workload.Devices.Any(ids.Contains)).Select(workload => (workload.Namespace, workload.Name))], "", record.LastHeard);
    }
}
