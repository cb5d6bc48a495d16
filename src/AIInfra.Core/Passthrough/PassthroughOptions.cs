using System.Collections.Frozen;

namespace AIInfra.Core.Passthrough;

/// <summary>Whether boards, their virtual functions and mediated devices are offered to virtual machines. Section <c>passthrough</c>.</summary>
public sealed record PassthroughOptions
{
    /// <summary>By default off: where another program offers these boards, two would claim one name.</summary>
    public bool Enabled { get; init; }
    /// <summary>The list of PCI names on the host (pci.ids); empty: where distributions have it.</summary>
    public string PciIds { get; init; } = "";
    /// <summary>Resource names chosen by hand, by PCI ids: <c>10de:2330</c>.</summary>
    public FrozenDictionary<string, string> Names { get; init; } = FrozenDictionary<string, string>.Empty;

    public const string NameForm = "VENDOR:DEVICE=RESOURCE with PCI ids in hexadecimal, as in 10de:2330=nvidia.com/H100";

    /// <summary>Null when the text is not of the <see cref="NameForm"/>.</summary>
    public static (string Ids, string Resource)? ParseName(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is 9 and var equals && text[4] == ':'
        && text.AsSpan(0, 4).ContainsAnyExcept(PciNames.HexDigits) == false && text.AsSpan(5, 4).ContainsAnyExcept(PciNames.HexDigits) == false
        && Sharing.ResourceName.Fault(text[(equals + 1)..]) is null
            ? (text[..equals].ToLowerInvariant(), text[(equals + 1)..]) : null;
}
