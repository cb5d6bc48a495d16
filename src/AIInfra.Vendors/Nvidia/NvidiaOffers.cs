using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What is offered of GPUs and their partitions, by the MIG strategy. Where NVIDIA's plugin would not start, what is wrong is
/// left out and said, and the rest is offered.</summary>
internal sealed class NvidiaOffers(MigStrategy strategy) : IOfferPolicy
{
    public const string MigPrefix = "nvidia.com/mig-";

    public string Vendor => NvidiaFields.Table.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        var boards = inventory.Devices.Where(device => device is { ParentId: null, IsHeldBack: false }).DistinctBy(device => device.Id).Select(board => new Board(board,
            [.. inventory.Devices.Where(part => part.ParentId == board.Id && part.Partition is not null).OrderBy(part => part.Partition!.Number ?? part.Partition.Instance)])).ToArray();
        var faults = ImmutableArray.CreateBuilder<string>();
        return strategy switch
        {
            MigStrategy.None => new Offer([.. Resource(NvidiaLibrary.ResourceName, boards.Select(board => board.Device))], []),
            MigStrategy.Single => new Offer([.. Resource(NvidiaLibrary.ResourceName, Uniform(boards, faults))], faults.ToImmutable()),
            _ => new Offer(Mixed(boards, faults), faults.ToImmutable()),
        };
    }

    /// <summary>Whole GPUs where none is divided; otherwise the partitions of the size that most have.</summary>
    private static IEnumerable<Device> Uniform(Board[] boards, ImmutableArray<string>.Builder faults)
    {
        if (!boards.Any(board => board.IsDivided))
            return boards.Select(board => board.Device);
        foreach (var board in boards.Where(board => !board.IsDivided))
            faults.Add($"GPU {board.Device.Id} is not divided and others of this node are, which MIG strategy single cannot offer under one name: it is not offered. Divide it as the others, or use the strategy mixed.");
        var parts = boards.SelectMany(board => Usable(board, faults)).ToArray();
        var size = parts.GroupBy(part => part.Partition!.Profile).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).FirstOrDefault()?.Key;
        foreach (var other in parts.Where(part => part.Partition!.Profile != size))
            faults.Add($"Partition {other.Id} of GPU {other.ParentId} is a {other.Partition!.Profile} and most of this node are {size}, which MIG strategy single cannot offer under one name: it is not offered. Divide all GPUs alike, or use the strategy mixed.");
        return parts.Where(part => part.Partition!.Profile == size);
    }

    private static ImmutableArray<OfferedResource> Mixed(Board[] boards, ImmutableArray<string>.Builder faults) =>
    [
        .. Resource(NvidiaLibrary.ResourceName, boards.Where(board => !board.IsDivided).Select(board => board.Device)),
        .. boards.SelectMany(board => Usable(board, faults))
            .GroupBy(part => MigPrefix + part.Partition!.Profile.Replace('+', '.'), StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .SelectMany(group => Resource(group.Key, group)),
    ];

    /// <summary>The partitions that have a name: a compute instance as large as its GPU instance, of a known size.</summary>
    private static IEnumerable<Device> Usable(Board board, ImmutableArray<string>.Builder faults)
    {
        if (board is { IsDivided: true, Parts.IsEmpty: true })
            faults.Add($"GPU {board.Device.Id} is in MIG mode and has no partition: nothing of it is offered. Make partitions (nvidia-smi mig -cgi, or mig-parted), or switch MIG off.");
        foreach (var part in board.Parts)
        {
            var profile = part.Partition!.Profile;
            if (profile.Split('.')[0].EndsWith('c'))
                faults.Add($"Partition {part.Id} of GPU {part.ParentId} is a {profile}: its compute instance is smaller than its GPU instance, for which NVIDIA has no resource name. It is not offered. Make compute instances of the default size.");
            else if (!profile.Contains('g', StringComparison.Ordinal) || profile == "unknown")
                faults.Add($"Partition {part.Id} of GPU {part.ParentId} does not say its size: it is not offered. Use a driver from 510 on.");
            else
                yield return part;
        }
    }

    private static ImmutableArray<OfferedResource> Resource(string name, IEnumerable<Device> devices)
    {
        ImmutableArray<OfferedUnit> units = [.. devices.Select(device => new OfferedUnit { Id = device.Id, Devices = [device] })];
        return units.IsEmpty ? [] : [new OfferedResource { Name = name, Units = units }];
    }

    private sealed record Board(Device Device, ImmutableArray<Device> Parts)
    {
        public bool IsDivided => !Parts.IsEmpty || Device.Traits.GetValueOrDefault(NvidiaTraits.Mig) == NvidiaTraits.On;
    }
}
