using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Amd;

/// <summary>How GPUs and their partitions are named to the kubelet, as AMD's device plugin has it.</summary>
public enum AmdNaming
{
    /// <summary>All are amd.com/gpu.</summary>
    OneName,
    /// <summary>By how the GPU is divided: amd.com/cpx_nps4. One that cannot be divided is amd.com/gpu.</summary>
    ByDivision,
}

/// <summary>Offers each GPU, or its partitions in its place. Where AMD's plugin would not start, what is wrong is left out and said.</summary>
internal sealed class AmdOffers(AmdNaming naming) : IOfferPolicy, IAllocator
{
    public string Vendor => AmdFields.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        Device[] boards = [.. inventory.Devices.Where(device => device is { ParentId: null, IsHeldBack: false }).DistinctBy(device => device.Id)];
        var faults = ImmutableArray.CreateBuilder<string>();
        var styles = boards.GroupBy(StyleOf).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).ToArray();
        if (naming == AmdNaming.OneName && styles.Length > 1)
        {
            foreach (var board in styles.Skip(1).SelectMany(group => group))
            {
                faults.Add($"GPU {board.Id} is divided as {Shown(StyleOf(board))} and most of this node as {Shown(styles[0].Key)}, which the naming strategy single cannot offer under one name: it is not offered. "
                    + "Divide it as the others, or set vendors.amd.namingStrategy to mixed.");
            }
            boards = [.. styles[0]];
        }
        return new Offer(
            [.. boards.SelectMany(board => UnitsOf(board, inventory))
                .GroupBy(pair => pair.Resource, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new OfferedResource { Name = group.Key, Units = [.. group.Select(pair => new OfferedUnit { Id = pair.Device.Id, Devices = [pair.Device] })] })],
            faults.ToImmutable());
    }

    public AllocationSpec Allocate(OfferedResource resource, ImmutableArray<OfferedUnit> units) => new()
    {
        DeviceNodes = [.. units.SelectMany(unit => unit.Devices).SelectMany(device => device.DeviceNodes).Distinct(StringComparer.Ordinal).OrderBy(node => node != "kfd")
            .Select(node => new AllocatedNode($"/dev/{node}", $"/dev/{node}", "rw"))],
    };

    private IEnumerable<(string Resource, Device Device)> UnitsOf(Device board, VendorInventory inventory)
    {
        var resource = naming == AmdNaming.ByDivision && StyleOf(board) is { Length: > 0 } style ? $"amd.com/{style}" : AmdDriver.ResourceName;
        Device[] parts = [.. inventory.Devices.Where(device => device.ParentId == board.Id).OrderBy(part => part.Partition?.Instance)];
        return (parts.Length > 0 ? parts : [board]).Select(device => (resource, device));
    }

    /// <summary>Empty for a GPU that cannot be divided.</summary>
    private static string StyleOf(Device board) => board.Traits.GetValueOrDefault(AmdTraits.Compute) is { } compute && board.Traits.GetValueOrDefault(AmdTraits.Memory) is { } memory
        ? $"{compute}_{memory}".ToLowerInvariant() : "";

    private static string Shown(string style) => style.Length == 0 ? "nothing at all" : style;
}
