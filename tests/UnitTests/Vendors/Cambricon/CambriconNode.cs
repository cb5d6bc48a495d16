using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

/// <summary>Inventories of MLUs, made by hand.</summary>
internal static class CambriconNode
{
    public static string Id(int board) => $"MLU-{board:x8}-1111-2222-3333-444444444444";

    /// <param name="links">To which boards, and how many.</param>
    public static Device Board(int number, string model = "MLU370-X8", string? division = null, params (int Peer, int Count)[] links) => new()
    {
        Id = Id(number),
        Vendor = "cambricon",
        Model = model,
        ResourceName = CambriconLibrary.ResourceName,
        Index = number,
        NodeName = $"cambricon_dev{number}",
        PciAddress = $"0000:{number + 1:x2}:00.0",
        Serial = $"100{number}",
        MemoryBytes = 24L << 30,
        Firmware = ImmutableSortedDictionary<string, string>.Empty.Add("mcu", "1.1.4"),
        Traits = division is null ? ImmutableSortedDictionary<string, string>.Empty : ImmutableSortedDictionary<string, string>.Empty.Add(CambriconTraits.Division, division),
        DeviceNodes = [$"cambricon_dev{number}"],
        Links = [.. links.Select(link => new DeviceLink(Id(link.Peer), LinkKind.Direct, link.Count))],
    };

    public static Device Instance(Device board, int number, string profile)
    {
        var division = board.Traits[CambriconTraits.Division];
        return board with
        {
            Id = $"MLU-{board.Index:x4}{number:x4}-aaaa-2222-3333-444444444444",
            ParentId = board.Id,
            Partition = new DevicePartition(profile, number, null) { Number = number },
            IsHeldBack = true,
            DeviceNodes = [.. board.DeviceNodes, $"cambricon-caps/cap_dev{board.Index}_mi{number}", $"cambricon_ipcm{board.Index}"],
        };
    }

    /// <summary>Boards in a ring, so many links between neighbours.</summary>
    public static Device[] Ring(int count, int links) =>
        [.. Enumerable.Range(0, count).Select(number => Board(number, links: count == 2 ? [(1 - number, links)] : [((number + 1) % count, links), ((number + count - 1) % count, links)]))];

    public static VendorInventory Of(params Device[] devices) => new() { Vendor = "cambricon", State = VendorState.Ready, DriverVersion = "5.10.22", Devices = [.. devices] };

    /// <summary>Of a board that is well, on a driver that lists incidents.</summary>
    public static Reading[] WellReadings()
    {
        var readings = new Reading[CambriconFields.Table.Count];
        foreach (var (field, value) in new[] { ("health", 1.0), ("device_state", 1), ("driver_state", 4), ("compute_mode", 0), ("utilization_ratio", 0.37), ("memory_used_bytes", 1L << 30), ("memory_total_bytes", 24L << 30), ("memory_global_bytes", 16L << 30) })
            readings[CambriconFields.Table[field]] = Reading.Of(value);
        foreach (var incident in CambriconIncidents.All)
            readings[CambriconFields.Table[incident.Field]] = Reading.Of(0);
        return readings;
    }
}
