using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What is offered of MLUs and their instances, under the names of Cambricon's device plugin. What cannot be is left out and said.</summary>
internal sealed class CambriconOffers(CambriconOptions options) : IOfferPolicy
{
    public const string CountResource = "cambricon.com/real-mlu-counts";
    private const string CountPrefix = "real-mlu-counts-", ShareSuffix = ".share";
    /// <summary>The one model whose name is not cut.</summary>
    private const string WholeName = "mlu270-x5k";

    public string Vendor => CambriconFields.Vendor;

    public Offer Decide(VendorInventory inventory)
    {
        Device[] boards = [.. inventory.Devices.Where(device => device is { ParentId: null, IsHeldBack: false }).DistinctBy(device => device.Id)];
        var faults = ImmutableArray.CreateBuilder<string>();
        var units = boards.SelectMany(board => UnitsOf(board, inventory, faults)).ToList();
        if (options.OffersCounts)
            units.AddRange(boards.Select(board => (CountResource, new OfferedUnit { Id = CountPrefix + board.Id, Devices = [board] })));
        return new Offer(
            [.. units.GroupBy(pair => pair.Resource, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new OfferedResource { Name = group.Key, Units = [.. group.Select(pair => pair.Unit)], PrefersRings = group.First().Unit.First.ParentId is null && group.First().Unit.Replica is null })],
            faults.ToImmutable());
    }

    private IEnumerable<(string Resource, OfferedUnit Unit)> UnitsOf(Device board, VendorInventory inventory, ImmutableArray<string>.Builder faults)
    {
        var name = NameOf(board);
        var parts = inventory.Devices.Where(part => part.ParentId == board.Id && part.Partition is not null).OrderBy(part => part.Partition!.Instance).ToArray();
        var division = board.Traits.GetValueOrDefault(CambriconTraits.Division) ?? (parts.Length > 0 ? parts[0].Traits.GetValueOrDefault(CambriconTraits.Division) : null);
        if (division is null)
            return options.Mode == CambriconMode.EnvShare ? Shares(name + ShareSuffix, board) : [(name, new OfferedUnit { Id = board.Id, Devices = [board] })];
        var way = division == CambriconTraits.Mim ? "MIM" : "sMLU";
        if (options.Mode != CambriconMode.AsFound)
            faults.Add($"MLU {board.Id} is divided by {way}, and vendors.cambricon.mode offers whole MLUs only: it is not offered. Switch {way} off, or set the mode to auto.");
        else if (parts.Length == 0)
            faults.Add($"MLU {board.Id} is in {way} mode and has no instance: nothing of it is offered. Make instances with the vendor's tool, or switch {way} off.");
        else
            return Instances(name, division, parts, faults);
        return [];
    }

    private static IEnumerable<(string Resource, OfferedUnit Unit)> Instances(string name, string division, Device[] parts, ImmutableArray<string>.Builder faults)
    {
        foreach (var part in parts.Where(part => part.Partition!.Profile == "unknown"))
            faults.Add($"Instance {part.Id} of MLU {part.ParentId} does not say its profile, from which its resource is named: it is not offered.");
        return parts.Where(part => part.Partition!.Profile != "unknown")
            .Select(part => ($"{name}.{division}-{part.Partition!.Profile.Replace('+', '-')}", new OfferedUnit { Id = part.Id, Devices = [part] }));
    }

    private IEnumerable<(string Resource, OfferedUnit Unit)> Shares(string name, Device board) => Enumerable.Range(0, options.Shares).Select(number =>
        (name, new OfferedUnit { Id = string.Create(CultureInfo.InvariantCulture, $"{board.Id}::{number}"), Devices = [board], Replica = number }));

    private string NameOf(Device board) => options.IsNamedByModel ? $"cambricon.com/{TypeOf(board)}" : CambriconLibrary.ResourceName;

    /// <summary>The family of a model, as plugin and exporter print it: <c>mlu370</c> of <c>MLU370-X8</c>.</summary>
    public static string TypeOf(Device board)
    {
        var model = board.Model.Split(' ')[0].ToLowerInvariant();
        return model == WholeName ? model : model.Split('-')[0];
    }
}
