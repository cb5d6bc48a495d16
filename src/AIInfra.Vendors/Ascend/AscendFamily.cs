using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Vendors.Ascend;

/// <summary>How the chips of a family are joined inside a node, by HCCS.</summary>
internal enum AscendLinks
{
    None,
    /// <summary>Two rings of four; nothing of it goes from one ring to the other.</summary>
    RingsOfFour,
    /// <summary>Each of eight to each.</summary>
    MeshOfEight,
    /// <summary>Two dies to a card, all cards over switches.</summary>
    Switched,
}

/// <summary>A generation of chips: what follows from it for names, links and resets.</summary>
/// <param name="Name">As in traits: <c>910B</c>.</param>
/// <param name="Type">What the vendor's plugin calls it, in resources and ids: <c>Ascend910</c>, or <c>npu</c> for those after its list.</param>
/// <param name="PciDevice">The device id on the bus; 0 where it is not known.</param>
internal sealed record AscendFamily(string Name, string Type, AscendLinks Links, int PciDevice)
{
    public const string Domain = "huawei.com";

    /// <summary>In the order in which names are tried: the longer ones first.</summary>
    private static readonly ImmutableArray<AscendFamily> All =
    [
        new("910_93", "Ascend910", AscendLinks.Switched, 0xd803),
        new("910B", "Ascend910", AscendLinks.MeshOfEight, 0xd802),
        new("910", "Ascend910", AscendLinks.RingsOfFour, 0xd801),
        new("310P", "Ascend310P", AscendLinks.None, 0xd500),
        new("310B", "Ascend310B", AscendLinks.None, 0xd107),
        new("310", "Ascend310", AscendLinks.None, 0xd100),
    ];

    /// <summary>Inference boards with chips of a training family that no HCCS joins, by their board ids.</summary>
    private static readonly ImmutableArray<int> Unlinked = [0x28, 0x29, 0x33];

    public string Resource => $"{Domain}/{Type}";

    /// <summary>Null when nothing that the driver said tells it.</summary>
    public static AscendFamily? Of(DcmiName name, int? pciDevice)
    {
        string[] said = [.. new[] { name.Npu, name.Name }.OfType<string>().Select(Plain)];
        return All.FirstOrDefault(family => said.Any(text => IsOf(text, family.Name)))
            ?? All.FirstOrDefault(family => family.PciDevice == pciDevice)
            ?? (said.FirstOrDefault(text => text.Length is > 0 and < 16 && char.IsAsciiDigit(text[0])) is { } other ? new AscendFamily(other, "npu", AscendLinks.None, 0) : null);
    }

    public static AscendFamily? Find(Device device) =>
        device.Traits.GetValueOrDefault(AscendTraits.Family) is { } name ? All.FirstOrDefault(family => family.Name == name) ?? new AscendFamily(name, "npu", AscendLinks.None, 0) : null;

    /// <summary>The way between two chips of this family.</summary>
    public DeviceLink? LinkTo(AscendPlace one, AscendPlace other, string peerId)
    {
        var isSameCard = one.Card == other.Card;
        var links = one.IsUnlinked || other.IsUnlinked ? AscendLinks.None : Links;
        var count = links switch
        {
            AscendLinks.RingsOfFour when one.Phy / 4 == other.Phy / 4 => 1,
            AscendLinks.MeshOfEight when one.Phy / 8 == other.Phy / 8 => 1,
            AscendLinks.Switched => isSameCard ? 2 : 1,
            _ => 0,
        };
        return count > 0 ? new DeviceLink(peerId, LinkKind.Direct, count) : isSameCard ? new DeviceLink(peerId, LinkKind.SameBoard, 0) : null;
    }

    /// <summary>Those that a reset of the chip resets with it, itself included.</summary>
    /// <remarks>Source: mind-cluster's hot reset: a ring of four, all of a box of eight or sixteen, both dies of a card, one inference board.</remarks>
    public ImmutableArray<Device> ResetGroup(Device device, VendorInventory inventory)
    {
        if (AscendPlace.Of(device) is not { } place)
            return [device];
        return [.. inventory.Devices.Where(other => other.ParentId is null && Find(other)?.Name == Name && AscendPlace.Of(other) is { } at && IsResetWith(place, at)).OrderBy(other => AscendPlace.Of(other)!.Value.Phy)];
    }

    private bool IsResetWith(AscendPlace one, AscendPlace other) => (one.IsUnlinked ? AscendLinks.None : Links) switch
    {
        AscendLinks.RingsOfFour => one.Phy / 4 == other.Phy / 4,
        AscendLinks.MeshOfEight => !other.IsUnlinked,
        AscendLinks.Switched => one.Card == other.Card,
        _ when Name == "310P" => one.Card == other.Card,
        _ => one.Phy == other.Phy,
    };

    /// <summary>A board id that says that HCCS joins it to none.</summary>
    public static bool IsUnlinked(int? boardId) => boardId is { } id && Unlinked.Contains(id);

    /// <summary>910B alone was a variant of the first 910; a digit behind it makes the next generation.</summary>
    private static bool IsOf(string text, string family) => text.StartsWith(family, StringComparison.Ordinal)
        && (family != "910B" || (text.Length > 4 && char.IsAsciiDigit(text[4])));

    private static string Plain(string text)
    {
        var plain = text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        return plain.StartsWith("ASCEND", StringComparison.Ordinal) ? plain["ASCEND".Length..] : plain;
    }
}

/// <summary>Where a chip is: its card, and the number that orders the chips of the node.</summary>
internal readonly record struct AscendPlace(int Card, int Phy, bool IsUnlinked)
{
    public static AscendPlace? Of(Device device) =>
        device.Traits.TryGetValue(AscendTraits.Card, out var card) && device.Traits.TryGetValue(AscendTraits.Phy, out var phy)
        && int.TryParse(card, out var cardId) && int.TryParse(phy, out var phyId)
            ? new AscendPlace(cardId, phyId, device.Traits.ContainsKey(AscendTraits.Unlinked)) : null;
}

/// <summary>The names of <see cref="Device.Traits"/> of NPUs.</summary>
internal static class AscendTraits
{
    /// <summary>See <see cref="AscendFamily.Name"/>.</summary>
    public const string Family = "family";
    /// <summary>What the chip calls itself: <c>910B3</c>.</summary>
    public const string Chip = "chip";
    /// <summary>The card's number, and the chip's on it, by which npu-smi and DCMI name the chip.</summary>
    public const string Card = "card", ChipOfCard = "chip-of-card";
    /// <summary>The N of <c>/dev/davinciN</c>.</summary>
    public const string Phy = "phy-id";
    /// <summary>Place in the driver's order: what events name a chip by.</summary>
    public const string Logic = "logic-id";
    public const string Cores = "ai-cores";
    /// <summary>Hexadecimal; says which product the board is.</summary>
    public const string Board = "board-id";
    /// <summary>Address of the chip's own RoCE port.</summary>
    public const string RoCE = "roce-address";
    /// <summary><c>yes</c>: a reset can come from outside the chip.</summary>
    public const string Outband = "outband-reset";
    public const string SuperPod = "super-pod";
    /// <summary>No HCCS joins this board to others, unlike its family.</summary>
    public const string Unlinked = "unlinked";
}
