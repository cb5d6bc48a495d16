using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AIInfra.Core.Health;

/// <summary>All that is wrong with the node at one moment. Immutable.</summary>
public sealed class HealthSnapshot
{
    private readonly FrozenSet<string> _fatalDevices;

    /// <param name="problems">In the order they were first seen.</param>
    public HealthSnapshot(ImmutableArray<Problem> problems)
    {
        Problems = problems;
        _fatalDevices = problems
            .Where(problem => problem is { Severity: Severity.Fatal, Subject.Kind: SubjectKind.Device })
            .Select(problem => problem.Subject.Id)
            .ToFrozenSet(StringComparer.Ordinal);
    }

    public static HealthSnapshot Empty { get; } = new([]);

    public ImmutableArray<Problem> Problems { get; }

    /// <summary>A device is healthy when no fatal problem stands on it.</summary>
    public bool IsHealthy(string deviceId) => !_fatalDevices.Contains(deviceId);
}
