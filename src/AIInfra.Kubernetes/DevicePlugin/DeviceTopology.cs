using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>How near the devices of one resource are to each other. Built once for a set of devices, so that a choice asks no driver. Immutable.</summary>
internal sealed class DeviceTopology
{
    /// <summary>Above this many devices (shared slots, not boards) only NUMA nodes are compared.</summary>
    public const int MostWeighed = 512;

    private const int MostLinks = 64;
    private readonly ImmutableArray<Device> _devices;
    private readonly FrozenDictionary<string, int> _indexes;
    private readonly int[]? _weights;

    public DeviceTopology(ImmutableArray<Device> devices)
    {
        _devices = devices;
        _indexes = devices.Select((device, index) => KeyValuePair.Create(device.Id, index)).ToFrozenDictionary(StringComparer.Ordinal);
        if (devices.Length <= MostWeighed)
            _weights = Weigh();
    }

    public int Count => _devices.Length;
    public bool IsWeighed => _weights is not null;
    public string Id(int device) => _devices[device].Id;
    /// <summary>-1 when unknown.</summary>
    public int NumaNode(int device) => _devices[device].NumaNode ?? -1;
    /// <summary>-1 for an id that is not of this resource.</summary>
    public int IndexOf(string id) => _indexes.GetValueOrDefault(id, -1);

    /// <summary>Nearness of two devices: larger is nearer. A direct link counts for more than any PCIe path, two for more than one;
    /// among equal links the same NUMA node is nearer. Only when <see cref="IsWeighed"/>.</summary>
    public int Weight(int one, int other) => _weights![one * Count + other];

    private int[] Weigh()
    {
        var weights = new int[Count * Count];
        for (var one = 0; one < Count; one++)
        {
            for (var other = 0; other < Count; other++)
            {
                if (one != other)
                    weights[one * Count + other] = WithoutLink(_devices[one], _devices[other]);
            }
        }
        for (var one = 0; one < Count; one++)
        {
            foreach (var link in _devices[one].Links)
            {
                var other = IndexOf(link.PeerId);
                if (other < 0 || other == one)
                    continue;
                var weight = OfLink(link) + (IsSameNode(_devices[one], _devices[other]) ? 1 : 0);
                weights[one * Count + other] = Math.Max(weights[one * Count + other], weight); // one side may know more than the other
                weights[other * Count + one] = Math.Max(weights[other * Count + one], weight);
            }
        }
        return weights;
    }

    private static int WithoutLink(Device one, Device other)
    {
        var isSameNode = IsSameNode(one, other);
        var kind = one.ParentId is not null && one.ParentId == other.ParentId ? LinkKind.SameBoard
            : isSameNode ? LinkKind.SameNumaNode
            : LinkKind.System;
        return OfKind(kind) + (isSameNode ? 1 : 0);
    }

    private static int OfLink(DeviceLink link) =>
        OfKind(link.Kind) + (link.Kind == LinkKind.Direct ? 200 * Math.Clamp(link.Count, 0, MostLinks) : 0);

    private static int OfKind(LinkKind kind) => 20 * (int)kind;

    private static bool IsSameNode(Device one, Device other) => one.NumaNode is { } node && node == other.NumaNode;
}
