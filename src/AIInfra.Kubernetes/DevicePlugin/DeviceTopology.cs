using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>How near the units of one resource are to each other. Built once for a set of units, so that a choice asks no driver. Immutable.</summary>
internal sealed class DeviceTopology
{
    /// <summary>Above this many units (shared slots, not boards) only NUMA nodes are compared.</summary>
    public const int MostWeighed = 512;

    private const int MostLinks = 64;
    private readonly ImmutableArray<OfferedUnit> _units;
    private readonly FrozenDictionary<string, int> _indexes;
    private readonly int[]? _weights;

    public DeviceTopology(ImmutableArray<OfferedUnit> units)
    {
        _units = units;
        _indexes = units.Select((unit, index) => KeyValuePair.Create(unit.Id, index)).ToFrozenDictionary(StringComparer.Ordinal);
        if (units.Length <= MostWeighed)
            _weights = Weigh();
    }

    public int Count => _units.Length;
    public bool IsWeighed => _weights is not null;
    public string Id(int unit) => _units[unit].Id;
    /// <summary>Of its first device; -1 when unknown.</summary>
    public int NumaNode(int unit) => _units[unit].First.NumaNode ?? -1;
    /// <summary>-1 for an id that is not of this resource.</summary>
    public int IndexOf(string id) => _indexes.GetValueOrDefault(id, -1);

    /// <summary>Nearness of two units, of the nearest two devices behind them: larger is nearer. A direct link counts for more than any PCIe path,
    /// two for more than one; among equal links the same NUMA node is nearer. Units of one device are as near as devices of one board.
    /// Only when <see cref="IsWeighed"/>.</summary>
    public int Weight(int one, int other) => _weights![one * Count + other];

    private int[] Weigh()
    {
        var weights = new int[Count * Count];
        for (var one = 0; one < Count; one++)
        {
            for (var other = 0; other < Count; other++)
            {
                if (one != other)
                    weights[one * Count + other] = WithoutLink(_units[one], _units[other]);
            }
        }
        var units = _units.SelectMany((unit, index) => unit.Devices.Select(device => (Device: device, Unit: index)))
            .ToLookup(pair => pair.Device.Id, StringComparer.Ordinal);
        foreach (var (device, one) in units.SelectMany(group => group))
        {
            foreach (var link in device.Links)
            {
                foreach (var (peer, other) in units[link.PeerId])
                {
                    if (other == one)
                        continue;
                    var weight = OfLink(link) + (IsSameNode(device, peer) ? 1 : 0);
                    weights[one * Count + other] = Math.Max(weights[one * Count + other], weight); // one side may know more than the other
                    weights[other * Count + one] = Math.Max(weights[other * Count + one], weight);
                }
            }
        }
        return weights;
    }

    private static int WithoutLink(OfferedUnit one, OfferedUnit other)
    {
        var best = 0;
        foreach (var device in one.Devices)
        {
            foreach (var peer in other.Devices)
                best = Math.Max(best, WithoutLink(device, peer));
        }
        return best;
    }

    private static int WithoutLink(Device one, Device other)
    {
        var isSameNode = IsSameNode(one, other);
        var kind = one.Id == other.Id || (one.ParentId is not null && one.ParentId == other.ParentId) ? LinkKind.SameBoard
            : isSameNode ? LinkKind.SameNumaNode
            : LinkKind.System;
        return OfKind(kind) + (isSameNode ? 1 : 0);
    }

    private static int OfLink(DeviceLink link) =>
        OfKind(link.Kind) + (link.Kind == LinkKind.Direct ? 200 * Math.Clamp(link.Count, 0, MostLinks) : 0);

    private static int OfKind(LinkKind kind) => 20 * (int)kind;

    private static bool IsSameNode(Device one, Device other) => one.NumaNode is { } node && node == other.NumaNode;
}
