using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Workloads;

/// <summary>One container's hold on one device.</summary>
/// <param name="Units">Of the device: 1, or how many of its replicas.</param>
/// <param name="Share">Of the device that was allocated so: units of all there are.</param>
public sealed record Holding(Device Device, string Resource, PodHolder Holder, int Units, double Share)
{
    public PodDetails? Details { get; init; }
    /// <summary>What part of its board a partition is, by their memory; null for a whole device, and where memory is not known.</summary>
    public double? Part { get; init; }

    internal bool IsSameAs(Holding other) =>
        ReferenceEquals(Device, other.Device) && Resource == other.Resource && Holder == other.Holder && Units == other.Units && Share.Equals(other.Share) && Part.Equals(other.Part)
        && (Details is null ? other.Details is null : Details.IsSameAs(other.Details));
}

/// <summary>Who holds which device. Immutable.</summary>
public sealed class Holdings
{
    private readonly Dictionary<string, ImmutableArray<Holding>> _byDevice;

    private Holdings(PodResourcesSnapshot pods, ImmutableArray<Holding> all, int unmatched)
    {
        (Pods, All, Unmatched) = (pods, all, unmatched);
        _byDevice = all.GroupBy(holding => holding.Device.Id, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.ToImmutableArray(), StringComparer.Ordinal);
    }

    public static Holdings Unknown { get; } = new(PodResourcesSnapshot.Unknown("No kubelet was asked yet."), [], 0);

    /// <summary>What they were taken from; says whether they are known at all, and how old they are.</summary>
    public PodResourcesSnapshot Pods { get; private init; }
    /// <summary>By device and holder.</summary>
    public ImmutableArray<Holding> All { get; }
    /// <summary>Allocated ids of known vendors' resources that stand for no device.</summary>
    public int Unmatched { get; }

    public ImmutableArray<Holding> Of(string deviceId) => _byDevice.TryGetValue(deviceId, out var holdings) ? holdings : [];

    internal static Holdings Find(PodResourcesSnapshot pods, DeviceIds ids, IReadOnlyDictionary<(string Namespace, string Name), PodDetails> details)
    {
        var unmatched = 0;
        var held = new Dictionary<(string Device, PodHolder Holder), (Device Device, string Resource, int Units)>();
        foreach (var unit in pods.Held.Where(unit => !ids.IsToWatch(unit.Id)))
        {
            var devices = ids.Find(unit.Resource, unit.Id);
            unmatched += devices.IsEmpty && ids.IsOurs(unit.Resource) ? 1 : 0;
            foreach (var device in devices)
                held[(device.Id, unit.Holder)] = (device, unit.Resource, held.GetValueOrDefault((device.Id, unit.Holder)).Units + 1);
        }
        var taken = held.GroupBy(one => one.Key.Device, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(one => one.Value.Units), StringComparer.Ordinal);
        return new Holdings(pods, [.. held
            .OrderBy(one => one.Key.Device, StringComparer.Ordinal).ThenBy(one => one.Key.Holder.ToString(), StringComparer.Ordinal)
            .Select(one => new Holding(one.Value.Device, one.Value.Resource, one.Key.Holder, one.Value.Units,
                one.Value.Units / (double)Math.Max(ids.UnitsOf(one.Key.Device), taken[one.Key.Device]))
            {
                Part = ids.PartOf(one.Value.Device),
                Details = details.GetValueOrDefault((one.Key.Holder.Namespace, one.Key.Holder.Pod)),
            })], unmatched);
    }

    /// <summary>The same holdings, seen again later.</summary>
    internal Holdings SeenIn(PodResourcesSnapshot pods) => new(pods, All, Unmatched);

    internal bool IsSameAs(Holdings other) =>
        Pods.IsKnown == other.Pods.IsKnown && Pods.Gap == other.Pods.Gap && Unmatched == other.Unmatched && All.Length == other.All.Length
        && All.Zip(other.All).All(pair => pair.First.IsSameAs(pair.Second));
}
