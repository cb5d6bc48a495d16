using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation.Planning;

public enum RemediationMode { Off, DryRun, On }

/// <summary>All that the planner is told of the node at one moment. Immutable.</summary>
public sealed record PlanSnapshot
{
    public required RemediationMode Mode { get; init; }
    public required ImmutableArray<Problem> Problems { get; init; }
    /// <summary>The kernel's id of this boot; empty when unknown: then nothing disruptive is done, it could not be proved.</summary>
    public required string BootId { get; init; }
    /// <summary>Since the boot, by a clock that cannot be set; null when unknown.</summary>
    public TimeSpan? Uptime { get; init; }
    /// <summary>When a problem was first and last seen by that clock, in terms of the wall's time now; where it is left out, its own times count.</summary>
    public ImmutableDictionary<(string Id, Subject Subject), (DateTimeOffset First, DateTimeOffset Last)> Sightings { get; init; } =
        ImmutableDictionary<(string, Subject), (DateTimeOffset, DateTimeOffset)>.Empty;
    /// <summary>Null when the view is complete; else what is still waited for after the start.</summary>
    public string? Incomplete { get; init; }
    /// <summary>Null when the journal is whole; else why what was done before is not known.</summary>
    public string? JournalFault { get; init; }
    /// <summary>Null, or who paused it and why. Outside input.</summary>
    public string? Paused { get; init; }
    public PodMoves Moves { get; init; } = PodMoves.NotNeeded;
    /// <summary>Why pods cannot be moved, when <see cref="Moves"/> is <see cref="PodMoves.Unable"/>.</summary>
    public string? NoMoves { get; init; }
    /// <summary>Somebody uncordoned what the agent had cordoned.</summary>
    public bool WasUncordoned { get; init; }
    /// <summary>Null, or why every disruptive step needs a person here: a control-plane node, for example.</summary>
    public string? NeedsPerson { get; init; }
    /// <summary>What must not be disrupted now, as sentences: pods, files, marks on the node.</summary>
    public ImmutableArray<string> Blockers { get; init; } = [];
    /// <summary>Subjects that a person has taken from the agent.</summary>
    public ImmutableHashSet<Subject> Released { get; init; } = [];
    /// <summary>Devices that pods hold; null when that is not known, which counts as held.</summary>
    public ImmutableHashSet<string>? Busy { get; init; }
    /// <summary>Devices of the node, and those of them that get no work now.</summary>
    public int Devices { get; init; }
    public ImmutableHashSet<string> Unavailable { get; init; } = [];
    /// <summary>Operations that a person approved.</summary>
    public ImmutableHashSet<string> Approved { get; init; } = [];
    public GrantState Grant { get; init; } = GrantState.None;
    /// <summary>An operation whose preparation found it not possible, and until when it is not looked at again.</summary>
    public ImmutableDictionary<string, (DateTimeOffset Until, string Why)> NotNow { get; init; } = ImmutableDictionary<string, (DateTimeOffset, string)>.Empty;
}

/// <summary>Whether somebody can move this node's pods.</summary>
public enum PodMoves
{
    /// <summary>There is no Kubernetes here: there are no pods to move.</summary>
    NotNeeded,
    Able,
    Unable,
}

/// <summary>The permission that is held, or was refused last.</summary>
/// <param name="Operation">Whose it is; empty: nobody asked.</param>
/// <param name="Refused">Null while it is held.</param>
/// <param name="Until">Of a refusal: not asked again before.</param>
public sealed record GrantState(string Operation, string? Refused, DateTimeOffset Until)
{
    public static GrantState None { get; } = new("", null, default);

    public bool IsHeldFor(string operation) => Operation == operation && Refused is null;
}
