using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Health;

/// <summary>All that is wrong with the node at one moment. Immutable.</summary>
public sealed class HealthSnapshot
{
    private readonly FrozenSet<string> _fatalDevices;

    /// <param name="problems">In the order they were first seen.</param>
    /// <param name="transitions">Oldest first; empty when left out.</param>
    /// <param name="dropped">See <see cref="Dropped"/>.</param>
    public HealthSnapshot(ImmutableArray<Problem> problems, ImmutableArray<HealthTransition> transitions = default, long dropped = 0)
        : this(problems, transitions.IsDefault ? [] : transitions, dropped, FatalDevices(problems))
    {
    }

    private HealthSnapshot(
        ImmutableArray<Problem> problems, ImmutableArray<HealthTransition> transitions, long dropped, FrozenSet<string> fatalDevices)
    {
        Problems = problems;
        Transitions = transitions;
        Dropped = dropped;
        _fatalDevices = fatalDevices;
    }

    public static HealthSnapshot Empty { get; } = new([]);

    public ImmutableArray<Problem> Problems { get; }

    /// <summary>What was raised and cleared in this boot and the four before it, oldest first; the last 1,000.</summary>
    public ImmutableArray<HealthTransition> Transitions { get; }

    /// <summary>Problems that were dropped since the agent was started because the board was full.</summary>
    public long Dropped { get; }

    /// <summary>A device is healthy when no fatal problem stands on it.</summary>
    public bool IsHealthy(string deviceId) => !_fatalDevices.Contains(deviceId);

    /// <summary>The same of a partition asks for its parent as well: a fault of the board is a fault of all that is on it.</summary>
    public bool IsHealthy(Device device) => IsHealthy(device.Id) && (device.ParentId is not { } parent || IsHealthy(parent));

    /// <summary>The same problems with newer counts and evidence: none came, went or changed its severity.</summary>
    internal HealthSnapshot Recount(ImmutableArray<Problem> problems) => new(problems, Transitions, Dropped, _fatalDevices);

    private static FrozenSet<string> FatalDevices(ImmutableArray<Problem> problems) => problems
        .Where(problem => problem is { Severity: Severity.Fatal, Subject.Kind: SubjectKind.Device })
        .Select(problem => problem.Subject.Id)
        .ToFrozenSet(StringComparer.Ordinal);
}
