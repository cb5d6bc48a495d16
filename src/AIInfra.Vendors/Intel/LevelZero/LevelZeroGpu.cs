using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>A GPU that was described, with the handles of its parts, which are looked up once.</summary>
/// <param name="Address">Its PCI address, which is its id.</param>
internal sealed record LevelZeroGpu(string Address, nint Driver, nint Handle, int Tiles)
{
    public required LevelZeroParts Whole { get; init; }
    /// <summary>By tile; empty for a GPU that is one piece.</summary>
    public ImmutableArray<LevelZeroParts> ByTile { get; init; } = [];
    /// <summary>The tiles as devices.</summary>
    public ImmutableArray<Device> Described { get; init; } = [];
    /// <summary>The ids by which the other ends of links know it.</summary>
    public ImmutableHashSet<uint> Fabrics { get; init; } = [];
    /// <summary>The ids at the other ends of its links that work, one for each link.</summary>
    public ImmutableArray<uint> Peers { get; init; } = [];

    /// <summary>Goes on where another description of the same GPU was, so that no share of time is missed.</summary>
    public void TakeOver(LevelZeroGpu before)
    {
        Whole.TakeOver(before.Whole);
        foreach (var (tile, known) in ByTile.Zip(before.ByTile))
            tile.TakeOver(known);
    }

    public static LevelZeroGpu Of(ZesLibrary zes, string address, nint driver, nint device, int tiles)
    {
        var fabrics = new Dictionary<nint, uint>();
        var parts = zes.Parts;
        var ports = parts.Ports(device, fabrics);
        var all = new LevelZeroParts([.. parts.Engines(device)], [.. parts.Memories(device)], [.. parts.Sensors(device)], [.. parts.Clocks(device)], [.. parts.ErrorSets(device)], [.. ports], [.. parts.Fans(device)]);
        return new LevelZeroGpu(address, driver, device, tiles)
        {
            Whole = all.OfWhole(),
            ByTile = tiles < 2 ? [] : [.. Enumerable.Range(0, tiles).Select(all.OfTile)],
            Fabrics = [.. ports.Select(port => fabrics[port.Handle]).Where(fabric => fabric != 0)],
            Peers = [.. ports.Select(port => parts.Port(port.Handle)).Where(port => port is { Status: 1 or 2, Remote: > 0 }).Select(port => port.Remote)],
        };
    }
}

/// <summary>The handles that tell of a GPU as a whole, or of one tile of it.</summary>
internal sealed record LevelZeroParts(
    ImmutableArray<ZesPart> Engines, ImmutableArray<ZesPart> Memories, ImmutableArray<ZesPart> Sensors, ImmutableArray<ZesPart> Clocks, ImmutableArray<ZesPart> ErrorSets,
    ImmutableArray<ZesPart> Ports, ImmutableArray<nint> Fans)
{
    /// <summary>What the last round counted, for the shares of time: by handle.</summary>
    public Dictionary<nint, (ulong Done, ulong At)> Before { get; } = [];

    public void TakeOver(LevelZeroParts before)
    {
        foreach (var (handle, counted) in before.Before)
            Before[handle] = counted;
    }

    /// <summary>Of each kind those about the whole where there are any, else those of all tiles.</summary>
    public LevelZeroParts OfWhole() => new(Whole(Engines), Whole(Memories), Whole(Sensors), Whole(Clocks), Whole(ErrorSets), Whole(Ports), Fans);

    public LevelZeroParts OfTile(int tile)
    {
        ImmutableArray<ZesPart> Of(ImmutableArray<ZesPart> parts) => [.. parts.Where(part => part.Tile == tile)];
        return new LevelZeroParts(Of(Engines), Of(Memories), Of(Sensors), Of(Clocks), Of(ErrorSets), Of(Ports), []);
    }

    private static ImmutableArray<ZesPart> Whole(ImmutableArray<ZesPart> parts) =>
        [.. parts.GroupBy(part => part.Type).SelectMany(kind => kind.Any(part => part.Tile is null) ? kind.Where(part => part.Tile is null) : kind)];
}
