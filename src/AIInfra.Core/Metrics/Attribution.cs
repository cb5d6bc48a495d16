using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AIInfra.Core.Metrics;

/// <summary>The work that the series of a device are labelled with. All of it is outside input.</summary>
public sealed record Workload(string Namespace, string Pod, string Container)
{
    /// <summary>Further labels, in the order they are printed: the pod's own, where they are asked for.</summary>
    public ImmutableArray<KeyValuePair<string, string>> More { get; init; } = [];

    internal bool IsSameAs(Workload? other) => other is not null && this with { More = other.More } == other && More.SequenceEqual(other.More);
}

/// <summary>Which device's series bear which work. Immutable: publish another one when an allocation has changed, and only then, since the labels
/// of every device whose work is another are rendered anew.</summary>
public sealed class Attribution
{
    private readonly FrozenDictionary<string, Workload> _byDevice;

    /// <param name="byDevice">By <see cref="Devices.Device.Id"/>. A device that is left out bears none.</param>
    public Attribution(IEnumerable<KeyValuePair<string, Workload>> byDevice) => _byDevice = byDevice.ToFrozenDictionary(StringComparer.Ordinal);

    public static Attribution None { get; } = new([]);

    public Workload? Of(string deviceId) => _byDevice.GetValueOrDefault(deviceId);
}
