namespace AIInfra.Core.Health;

public enum TransitionKind
{
    Raised,
    /// <summary>A standing problem was reported with a higher severity.</summary>
    Worsened,
    Cleared,
    /// <summary>Given up because the board was full: not known to be over.</summary>
    Dropped,
}

/// <summary>One step in the life of a problem, for the history that <c>problems</c> shows.</summary>
/// <param name="At">When the board took it in; the board's clock.</param>
/// <param name="Severity">The severity after the step; the last one of a problem that went.</param>
/// <param name="Why">The problem's message, or what cleared it. May hold outside text: escape it wherever it is shown.</param>
public sealed record HealthTransition(
    DateTimeOffset At, TransitionKind Kind, string ProblemId, Subject Subject, Severity Severity, string Why)
{
    /// <summary>The boot it happened in; empty when unknown.</summary>
    public string BootId { get; init; } = "";
}
