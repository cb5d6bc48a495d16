using System.Collections.Immutable;

namespace AIInfra.Core.Health.Npd;

/// <summary>The status of a node condition in the sense of node-problem-detector: true is bad.</summary>
public enum NpdStatus { False, True, Unknown }

/// <summary>A condition as a file of node-problem-detector defines it, under its own name.</summary>
/// <param name="Since">When it last changed: the time of the line, or of the plugin's end.</param>
/// <param name="Source">The monitor's.</param>
public sealed record NpdCondition(string Type, NpdStatus Status, string Reason, string Message, DateTimeOffset Since, string Source);

/// <summary>Something to be told as a Kubernetes event on the node.</summary>
/// <param name="Number">Grows by one with each, from 1 since the agent was started.</param>
/// <param name="Source">The event's component: the monitor's source.</param>
/// <param name="IsWarning">False: Normal.</param>
public sealed record NpdEvent(long Number, string Source, bool IsWarning, string Reason, string Message, DateTimeOffset At);

/// <summary>What the monitors of node-problem-detector's files say at one moment. Immutable.</summary>
/// <param name="Conditions">Ordered by type; of a type that several files declare, what was said last.</param>
/// <param name="Events">The last ones, the oldest first; a gap in their numbers to what was seen before means that some were not kept.</param>
public sealed record NpdSnapshot(ImmutableArray<NpdCondition> Conditions, ImmutableArray<NpdEvent> Events)
{
    public static NpdSnapshot Empty { get; } = new([], []);
}
