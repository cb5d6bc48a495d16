using System.Collections.Frozen;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Cdi;

/// <summary>Under which name a container runtime finds a device, or why it does not.</summary>
/// <param name="Name">Fully qualified: <c>k8s.device-plugin.nvidia.com/gpu=GPU-…</c>. Null when no spec file defines the device.</param>
/// <param name="Absence">Why there is none and what to do, as a sentence without its stop; null when there is one.</param>
public sealed record CdiAnswer(string? Name, string? Absence);

/// <summary>Which CDI names are defined by files that are in place. Immutable.</summary>
/// <param name="Devices">By <see cref="Device.Id"/>: the qualified name.</param>
/// <param name="Absences">By vendor: why its devices have no names.</param>
/// <param name="Extras">Further names of a vendor that go with its devices, by what they give: <c>gds</c>, <c>imex-channel.0</c>.</param>
public sealed record CdiNames(
    FrozenDictionary<string, string> Devices, FrozenDictionary<string, string> Absences, FrozenDictionary<string, string> Extras)
{
    private const string Unknown = "no CDI spec file has been written for it yet";

    public static CdiNames None { get; } =
        new(FrozenDictionary<string, string>.Empty, FrozenDictionary<string, string>.Empty, FrozenDictionary<string, string>.Empty);

    /// <summary>Of a device, a partition, or the device behind a replica.</summary>
    public CdiAnswer Of(Device device) => Devices.TryGetValue(device.Id, out var name)
        ? new CdiAnswer(name, null)
        : new CdiAnswer(null, Absences.GetValueOrDefault(device.Vendor) ?? Unknown);
}

/// <summary>The newest <see cref="CdiNames"/>. Written by the one worker that keeps the files.</summary>
public sealed class CdiBoard
{
    public Latest<CdiNames> Current { get; } = new(CdiNames.None);
}
