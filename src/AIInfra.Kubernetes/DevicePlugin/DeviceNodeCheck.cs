using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Looks whether a device is really there: its own node under the host's /dev. Nodes that several devices share (a driver's control node) are made by the
/// driver on demand and are not asked for.</summary>
internal sealed class DeviceNodeCheck(HostPaths host)
{
    /// <summary>Path of a node that is missing; null when all are there, or when this host's /dev cannot be seen.</summary>
    public string? Missing(OfferedUnit unit)
    {
        foreach (var device in unit.Devices)
        {
            if (OwnNode(device) is { } node && Path.Combine(host.Dev, node) is var path && !File.Exists(path) && Directory.Exists(host.Dev))
                return $"/dev/{node}";
        }
        return null;
    }

    /// <summary>The node that stands for the device alone; null when it needs none.</summary>
    public static string? OwnNode(Device device) => device.DeviceNodes.IsDefaultOrEmpty ? null
        : device.NodeName is { } name && device.DeviceNodes.Contains(name) ? name
        : device.DeviceNodes[0];
}
