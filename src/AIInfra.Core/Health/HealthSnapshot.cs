using System.Collections.Immutable;
using AIInfra.Core.Devices;

namespace AIInfra.Core.Health;

/// <summary>All that is wrong with the node at one moment. Immutable.</summary>
public sealed class HealthSnapshot
{
    /// <param name="problems">In the order they were first seen.</param>
    /// <param name="transitions">Oldest first; empty when left out.</param>
    /// <param name="dropped">See <see cref="Dropped"/>.</param>
    public HealthSnapshot(ImmutableArray<Problem> problems, ImmutableArray<HealthTransition> transitions = default, long dropped = 0)
        : this(problems, transitions.IsDefault ? [] : transitions, dropped, DeviceHealth.AllHealthy.With(problems))
    {
    }

    private HealthSnapshot(ImmutableArray<Problem> problems, ImmutableArray<HealthTransition> transitions, long dropped, DeviceHealth devices) =>
        (Problems, Transitions, Dropped, Devices) = (problems, transitions, dropped, devices);

    public static HealthSnapshot Empty { get; } = new([]);

    public ImmutableArray<Problem> Problems { get; }

    /// <summary>What was raised and cleared in this boot and the four before it, oldest first; the last 1,000.</summary>
    public ImmutableArray<HealthTransition> Transitions { get; }

    /// <summary>Problems that were dropped since the agent was started because the board was full.</summary>
    public long Dropped { get; }

    public DeviceHealth Devices { get; }

    /// <summary>As <see cref="DeviceHealth.IsHealthy(string)"/>.</summary>
    public bool IsHealthy(string deviceId) => Devices.IsHealthy(deviceId);

    /// <summary>As <see cref="DeviceHealth.IsHealthy(Device)"/>.</summary>
    public bool IsHealthy(Device device) => Devices.IsHealthy(device);

    /// <summary>What came after this one.</summary>
    internal HealthSnapshot Next(ImmutableArray<Problem> problems, ImmutableArray<HealthTransition> transitions, long dropped) =>
        new(problems, transitions, dropped, Devices.With(problems));

    /// <summary>The same problems with newer counts and evidence: none came, went or changed its severity.</summary>
    internal HealthSnapshot Recount(ImmutableArray<Problem> problems) => new(problems, Transitions, Dropped, Devices);
}
