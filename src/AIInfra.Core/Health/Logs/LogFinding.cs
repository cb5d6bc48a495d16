namespace AIInfra.Core.Health.Logs;

/// <summary>What a line says about health, whatever it is on.</summary>
/// <param name="Message">One sentence for the engineer on call.</param>
public sealed record LogVerdict(string ProblemId, Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, string Message)
{
    /// <summary>See <see cref="ProblemReport.Rank"/>.</summary>
    public int? Rank { get; init; }
    /// <summary>See <see cref="ProblemReport.IsPrecise"/>: as a rule the line says more than an event.</summary>
    public bool IsPrecise { get; init; } = true;
}

/// <summary>One thing that was found in a log.</summary>
public sealed record LogFinding
{
    public required LogVerdict Verdict { get; init; }
    /// <summary>The PCI address of what it is on, as <see cref="Devices.PciAddress"/> prints it; null: the node.</summary>
    public string? PciAddress { get; init; }
    /// <summary>The device's own id, where the log told it; null otherwise.</summary>
    public string? DeviceId { get; init; }
    /// <summary>The part of the device that it is on, as <see cref="Devices.DevicePartition"/> numbers it; null: the whole device.</summary>
    public (int Instance, int? SubInstance)? Partition { get; init; }
    /// <summary>Which of the ways it is, where a log may tell of one fault in several ways, line after line; null: the only one.</summary>
    public string? Form { get; init; }
    /// <summary>The address is that of a part that is no accelerator, for example a switch: it is the subject by its address.</summary>
    public bool IsPart { get; init; }
    /// <summary>The line says that the problem is over, if it stands.</summary>
    public bool IsClear { get; init; }
    /// <summary>The line, or the lines, that show it.</summary>
    public required string Evidence { get; init; }
    /// <summary>Number of the line where it begins.</summary>
    public required long Number { get; init; }
}

/// <summary>Reads from the lines of one log what a pattern alone cannot say. One instance serves one log: it may remember lines.</summary>
public interface ILogRules
{
    /// <summary>A line that holds none of these is never given.</summary>
    IReadOnlyList<string> Literals { get; }

    /// <summary>Adds what the line says. Called for each line that holds one of <see cref="Literals"/>, once. Never throws.</summary>
    void Read(in LogLine line, List<LogFinding> findings);
}
