using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What the vendor host keeps of a board between calls.</summary>
internal sealed class CambriconBoard(string id, CndevDevice device, string? address)
{
    public string Id { get; } = id;
    public string? Address { get; } = address;
    public required string Model { get; init; }
    /// <summary>N of its nodes: <c>cambricon_devN</c>.</summary>
    public required uint Number { get; init; }
    public string? Serial { get; init; }
    /// <summary>See <see cref="CndevLibrary.Uuid"/>.</summary>
    public string? Uuid { get; init; }
    public ulong LinkNumber { get; init; }
    /// <summary>Of its MLU-Link ports that were up when it was described.</summary>
    public required IReadOnlyList<CndevLinkEnd> Ends { get; init; }
    public required int Ports { get; init; }
    public CndevDevice Device { get; set; } = device;
    /// <summary>It did not answer the last time: its handle is looked up anew.</summary>
    public bool IsLost { get; set; }
    /// <summary>Who used it when it was last read.</summary>
    public ImmutableArray<DeviceProcess> Processes { get; set; } = [];
    /// <summary>By <see cref="Device.Id"/>, as of the last walk.</summary>
    public Dictionary<string, CndevInstance> Instances { get; set; } = new(StringComparer.Ordinal);
}
