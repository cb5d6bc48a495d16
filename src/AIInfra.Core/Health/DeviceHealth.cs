using System.Collections.Frozen;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Health;

/// <summary>Which devices are unhealthy at one moment. Immutable; the same object for as long as none fails and none recovers.</summary>
public sealed class DeviceHealth
{
    private readonly FrozenSet<string> _unhealthy;

    private DeviceHealth(FrozenSet<string> unhealthy) => _unhealthy = unhealthy;

    public static DeviceHealth AllHealthy { get; } = new(FrozenSet<string>.Empty);

    /// <summary>A device is healthy when no fatal problem stands on it.</summary>
    public bool IsHealthy(string deviceId) => !_unhealthy.Contains(deviceId);

    /// <summary>The same of a partition asks for its parent as well: a fault of the board is a fault of all that is on it.</summary>
    public bool IsHealthy(Device device) => IsHealthy(device.Id) && (device.ParentId is not { } parent || IsHealthy(parent));

    /// <summary>As it is with other problems; this object when it comes to the same.</summary>
    internal DeviceHealth With(IEnumerable<Problem> problems)
    {
        var unhealthy = problems
            .Where(problem => problem is { Severity: Severity.Fatal, Subject.Kind: SubjectKind.Device })
            .Select(problem => problem.Subject.Id)
            .ToHashSet(StringComparer.Ordinal);
        return _unhealthy.SetEquals(unhealthy) ? this : new DeviceHealth(unhealthy.ToFrozenSet(StringComparer.Ordinal));
    }
}
