using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Sharing;

/// <summary>How near the units of one resource are to each other. Built once for a set of units, so that a choice asks no driver. Immutable.</summary>
/// <remarks>Replicas of one device share a place: nothing tells them apart, so that hundreds of them cost no more than their devices.</remarks>
public sealed class UnitTopology
{
    /// <summary>Above this many places only NUMA nodes are compared.</summary>
    public const int MostWeighed = 512;

    private const int MostLinks = 64, PerLink = 200;
    private readonly ImmutableArray<OfferedUnit> _units;
    private readonly FrozenDictionary<string, int> _indexes;
    private readonly int[] _places; // by unit
    private readonly ImmutableArray<OfferedUnit> _first; // by place
    private readonly int[]? _weights;

    public UnitTopology(ImmutableArray<OfferedUnit> units)
    {
        _units = units;
        _indexes = units.Select((unit, index) => KeyValuePair.Create(unit.Id, index)).DistinctBy(pair => pair.Key).ToFrozenDictionary(StringComparer.Ordinal);
        var (known, first) = (new Dictionary<string, int>(StringComparer.Ordinal), ImmutableArray.CreateBuilder<OfferedUnit>());
        _places = new int[units.Length];
        for (var unit = 0; unit < units.Length; unit++)
        {
            var key = units[unit].Replica is null ? units[unit].Id : units[unit].First.Id;
            if (!known.TryGetValue(key, out var place))
            {
                known[key] = place = first.Count;
                first.Add(units[unit]);
            }
            _places[unit] = place;
        }
        _first = first.DrainToImmutable();
        IsShared = units.Any(unit => unit.Replica is not null);
        if (Places <= MostWeighed)
            _weights = Weigh();
    }

    public int Count => _units.Length;
    /// <summary>Devices, or groups of them, behind the units.</summary>
    public int Places => _first.Length;
    /// <summary>True when several units may stand for one device.</summary>
    public bool IsShared { get; }
    public bool IsWeighed => _weights is not null;
    public OfferedUnit Unit(int unit) => _units[unit];
    public string Id(int unit) => _units[unit].Id;
    public int PlaceOf(int unit) => _places[unit];
    /// <summary>One of the units at a place; all have the same devices behind them.</summary>
    public OfferedUnit At(int place) => _first[place];
    /// <summary>Of its first device; -1 when unknown.</summary>
    public int NumaNode(int unit) => _units[unit].First.NumaNode ?? -1;
    /// <summary>-1 for an id that is not of this resource.</summary>
    public int IndexOf(string id) => _indexes.GetValueOrDefault(id, -1);

    /// <summary>Nearness of two places, of the nearest two devices there: larger is nearer. A direct link counts for more than any PCIe path,
    /// two for more than one; among equal links the same NUMA node is nearer. Only when <see cref="IsWeighed"/>.</summary>
    public int Weight(int one, int other) => _weights![one * Places + other];

    /// <summary>Direct links between two places, of the nearest two devices there. Only when <see cref="IsWeighed"/>.</summary>
    public int Links(int one, int other) => Math.Max(0, (Weight(one, other) - OfKind(LinkKind.Direct)) / PerLink);

    private int[] Weigh()
    {
        var weights = new int[Places * Places];
        for (var one = 0; one < Places; one++)
        {
            for (var other = 0; other < Places; other++)
            {
                if (one != other)
                    weights[one * Places + other] = WithoutLink(_first[one], _first[other]);
            }
        }
        var byDevice = _first.SelectMany((unit, place) => unit.Devices.Select(device => (Device: device, Place: place)))
            .ToLookup(pair => pair.Device.Id, StringComparer.Ordinal);
        foreach (var (device, one) in byDevice.SelectMany(group => group))
        {
            foreach (var link in device.Links)
            {
                foreach (var (peer, other) in byDevice[link.PeerId])
                {
                    if (other == one)
                        continue;
                    var weight = OfLink(link) + (IsSameNode(device, peer) ? 1 : 0);
                    weights[one * Places + other] = Math.Max(weights[one * Places + other], weight); // one side may know more than the other
                    weights[other * Places + one] = Math.Max(weights[other * Places + one], weight);
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
        OfKind(link.Kind) + (link.Kind == LinkKind.Direct ? PerLink * Math.Clamp(link.Count, 0, MostLinks) : 0);

    private static int OfKind(LinkKind kind) => 20 * (int)kind;

    private static bool IsSameNode(Device one, Device other) => one.NumaNode is { } node && node == other.NumaNode;
}
