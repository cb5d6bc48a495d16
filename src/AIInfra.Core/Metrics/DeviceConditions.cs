using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;

namespace AIInfra.Core.Metrics;

/// <summary>The problems of each device, sorted out once for each health snapshot.</summary>
public sealed class DeviceConditions
{
    private HealthSnapshot _of = HealthSnapshot.Empty;
    private FrozenDictionary<string, ImmutableArray<Problem>> _byDevice = FrozenDictionary<string, ImmutableArray<Problem>>.Empty;

    /// <summary>Of a device: its own, then its board's. Allocates nothing while the snapshot is the same.</summary>
    public (ImmutableArray<Problem> Own, ImmutableArray<Problem> Board) Of(Device device, HealthSnapshot health)
    {
        if (!ReferenceEquals(_of, health))
        {
            _byDevice = health.Problems.Where(problem => problem.Subject.Kind == SubjectKind.Device)
                .GroupBy(problem => problem.Subject.Id, StringComparer.Ordinal).ToFrozenDictionary(group => group.Key, group => group.ToImmutableArray(), StringComparer.Ordinal);
            _of = health;
        }
        return (Find(device.Id), device.ParentId is { } parent ? Find(parent) : []);
    }

    private ImmutableArray<Problem> Find(string id) => _byDevice.TryGetValue(id, out var problems) ? problems : [];
}
