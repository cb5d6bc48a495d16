using System.Collections.Immutable;

namespace AIInfra.Core.Health.Probes;

/// <summary>Looks at one side of the node, again and again. An instance may remember what it saw: it is run by one caller at a time.</summary>
public abstract class Probe
{
    /// <summary>Looks once. What it does before its first await runs on a thread of its own and may block in the kernel; after that it must not.
    /// What touches a mount, a socket's peer or a tool goes through <see cref="ProbeChildren"/>.</summary>
    /// <returns>What it saw of every subject that there is now. Throwing means the probe itself is broken: nothing is concluded from it.</returns>
    public abstract Task<ProbeRound> LookAsync(CancellationToken cancellationToken);
}

/// <summary>What one look found.</summary>
/// <param name="Results">One for each problem id and subject that was looked at. What was reported before and is left out now is no more.</param>
/// <param name="NotHere">Why there is nothing to look at on this host; null when there is.</param>
public sealed record ProbeRound(ImmutableArray<ProbeResult> Results, string? NotHere = null)
{
    public static ProbeRound Of(IEnumerable<ProbeResult> results) => new([.. results]);

    /// <param name="why">One sentence: <c>smartctl is not installed</c>.</param>
    public static ProbeRound Nothing(string why) => new([], why);
}

public enum ProbeAnswer
{
    Healthy,
    Problem,
    /// <summary>Asked, and no answer that says anything: what stands stays, nothing new is raised.</summary>
    Unknown,
}

/// <summary>What was seen of one subject.</summary>
public sealed record ProbeResult
{
    public required string ProblemId { get; init; }
    public required Subject Subject { get; init; }
    public required ProbeAnswer Answer { get; init; }
    /// <summary>The reading that shows it. Outside input: escape it wherever it is shown.</summary>
    public required string Evidence { get; init; }
    /// <summary>One sentence for the engineer on call; empty unless it is a problem.</summary>
    public string Message { get; init; } = "";
    public Severity Severity { get; init; }
    public Cause Cause { get; init; }
    public SuggestedAction Action { get; init; }
    /// <summary>By default when the probe reads it healthy. Any other: the result tells of an event, is reported once, and is not cleared by this probe.</summary>
    public Clearing Clearing { get; init; } = Clearing.OnHealthyReading;

    /// <summary>A healthy reading that says nothing of what another witness, such as a log, has raised: it ends only what this probe raised itself.</summary>
    public bool IsOwnOnly { get; init; }

    public static ProbeResult Healthy(string problemId, Subject subject, string evidence) =>
        new() { ProblemId = problemId, Subject = subject, Answer = ProbeAnswer.Healthy, Evidence = evidence };

    public static ProbeResult Unknown(string problemId, Subject subject, string why) =>
        new() { ProblemId = problemId, Subject = subject, Answer = ProbeAnswer.Unknown, Evidence = why };

    public static ProbeResult Problem(
        string problemId, Subject subject, Severity severity, Cause cause, SuggestedAction action, string message, string evidence) => new()
        {
            ProblemId = problemId,
            Subject = subject,
            Answer = ProbeAnswer.Problem,
            Severity = severity,
            Cause = cause,
            Action = action,
            Message = message,
            Evidence = evidence,
        };
}
