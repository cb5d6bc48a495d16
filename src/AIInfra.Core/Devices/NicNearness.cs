using System.Collections.Frozen;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Devices;

/// <param name="Kind">The nearest way to a network card that can do RDMA.</param>
/// <param name="Count">Cards that are so near.</param>
public readonly record struct NearNics(LinkKind Kind, int Count);

/// <summary>Which devices have network cards near them. Immutable.</summary>
/// <param name="ByAddress">By <see cref="PciAddress"/>; a device that is not listed has none on this node.</param>
public sealed record NicNearness(FrozenDictionary<string, NearNics> ByAddress)
{
    private const int MostCounted = 15;

    public static NicNearness None { get; } = new(FrozenDictionary<string, NearNics>.Empty);

    public NearNics? Of(Device device) => device.PciAddress is { } address && ByAddress.TryGetValue(address, out var near) ? near : null;

    /// <summary>Larger is nearer, 0 to 111: the way counts first, then how many cards there are at its end.</summary>
    public int ScoreOf(OfferedUnit unit)
    {
        var best = 0;
        foreach (var device in unit.Devices)
        {
            if (Of(device) is { } near)
                best = Math.Max(best, (int)near.Kind * (MostCounted + 1) + Math.Min(near.Count, MostCounted));
        }
        return best;
    }

    public bool IsSameAs(NicNearness other) =>
        ByAddress.Count == other.ByAddress.Count && ByAddress.All(entry => other.ByAddress.TryGetValue(entry.Key, out var near) && near == entry.Value);
}
