using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>What remediation does and why it does nothing else, at one moment. Immutable.</summary>
public sealed record RemediationView
{
    public static RemediationView Empty { get; } = new() { Now = new PlanSnapshot { Mode = RemediationMode.Off, Problems = [], BootId = "" }, Plan = new Plan(null, [], null) };

    /// <summary>What was decided by.</summary>
    public required PlanSnapshot Now { get; init; }
    public required Plan Plan { get; init; }
    public RemediationHistory History { get; init; } = RemediationHistory.Empty;
    /// <summary>The step that is being done at this moment; null when none is.</summary>
    public StepRecord? Doing { get; init; }
    /// <summary>What would have been done, newest last; in a dry run only.</summary>
    public ImmutableArray<DryStep> WouldDo { get; init; } = [];
    /// <summary>Steps since the agent was started, by action and what became of them.</summary>
    public ImmutableSortedDictionary<(string Action, string Outcome), long> Counts { get; init; } = ImmutableSortedDictionary<(string, string), long>.Empty;

    /// <summary>What holds everything back, in a word for a metric and a sentence for a person; null when nothing does.</summary>
    public (string Kind, string Why)? Held =>
        Now.JournalFault is { } journal ? ("journal", journal)
        : Now.Incomplete is { } incomplete ? ("starting", incomplete)
        : Now.Paused is { } paused ? ("paused", paused)
        : History.Open is { Last.NeedsPerson: true } open ? ("unknown", $"it is not known what became of step {open.Last.Step.Id}; look, then approve {open.Id}.")
        : null;
}

/// <summary>What a dry run found.</summary>
/// <param name="Why">What would be done.</param>
/// <param name="Finds">What stands in the way of the step itself; null: it could be done.</param>
/// <param name="Victims">What would be lost. Outside input.</param>
public sealed record DryStep(PlannedStep Step, DateTimeOffset At, string Why, string? Finds, ImmutableArray<string> Victims);

/// <summary>One thing that happened, in words for an event.</summary>
/// <param name="Number">Counts up from 1 while the agent runs.</param>
/// <param name="Key">The same for the same thing, also over restarts.</param>
/// <param name="Reason">In CamelCase, as Kubernetes has it.</param>
/// <param name="Says">One sentence or two. May hold outside text.</param>
public sealed record StepNote(long Number, string Key, DateTimeOffset At, bool IsWarning, string Reason, string Action, string Says);

/// <summary>The engine's newest view. It alone writes it.</summary>
public sealed class RemediationBoard
{
    public const int NotesKept = 200;

    public Latest<RemediationView> Current { get; } = new(RemediationView.Empty);

    /// <summary>What happened, for events: the newest <see cref="NotesKept"/>, oldest first.</summary>
    public Latest<IReadOnlyList<StepNote>> Notes { get; } = new([]);
}
