using System.Collections.Immutable;
using System.Globalization;

namespace AIInfra.Core.Health.Logs;

/// <summary>What the PCI address in a line stands for.</summary>
public enum RuleSubject
{
    /// <summary>An accelerator; where none is known at the address, an alert on the node.</summary>
    Device,
    /// <summary>A part that is no accelerator, under its address.</summary>
    Part,
    /// <summary>The device of the inventory at the address; where there is none, the part that the line names.</summary>
    Any,
}

/// <summary>How often within what time a line must be seen on one subject before it counts.</summary>
public readonly record struct RuleThreshold(int Count, TimeSpan Within);

/// <summary>What <c>explain</c> says of a rule beside its message.</summary>
public sealed record RuleText(string Chinese, string Advice, string ChineseAdvice);

/// <summary>Lines that a rule must match, and near misses that it must not. A line may hold line feeds.</summary>
public sealed record RuleExamples(ImmutableArray<string> Matches, ImmutableArray<string> Misses);

/// <summary>A rule of a pack: which lines it is about, and what they say.</summary>
public sealed record LogRule
{
    /// <summary>Groups of a pattern that name what a line is about, if it is no device of the inventory, and the kind of subject that is.</summary>
    public static IReadOnlyDictionary<string, SubjectKind> PartGroups { get; } = new Dictionary<string, SubjectKind>(StringComparer.Ordinal)
    {
        ["port"] = SubjectKind.Port,
        ["mount"] = SubjectKind.Mount,
        ["unit"] = SubjectKind.Unit,
        ["part"] = SubjectKind.Device,
    };

    /// <summary>The problem's id; may hold <c>{group}</c> of the pattern.</summary>
    public required string Id { get; init; }
    /// <summary>A line must hold one of these before the pattern is tried. At least one, each of at least three characters.</summary>
    public required ImmutableArray<string> Literals { get; init; }
    /// <summary>A .NET regular expression. The group <c>pci</c> names the device, those of <see cref="PartGroups"/> something else,
    /// <c>form</c> which of several lines about one fault it is (<see cref="LogFinding.Form"/>);
    /// null: a literal alone is enough.</summary>
    public string? Pattern { get; init; }
    /// <summary><see cref="LogOrigin.Kernel"/> or <see cref="LogOrigin.Service"/>.</summary>
    public LogOrigin Origin { get; init; } = LogOrigin.Kernel;
    /// <summary>Names under which services log such lines (<c>kubelet</c>); empty: any. A line whose writer is not known is tried.</summary>
    public ImmutableArray<string> Services { get; init; } = [];
    /// <summary>Null: once is enough.</summary>
    public RuleThreshold? Threshold { get; init; }
    public Severity Severity { get; init; }
    public Cause Cause { get; init; }
    public SuggestedAction Action { get; init; }
    public Clearing Clearing { get; init; }
    /// <summary>One sentence; may hold <c>{group}</c> of the pattern.</summary>
    public string Message { get; init; } = "";
    /// <summary>The line says that the problem <see cref="Id"/> is over.</summary>
    public bool IsClear { get; init; }
    public RuleSubject Subject { get; init; }
    /// <summary>The unit that the problem is on where the pattern names nothing; the line's writer, where that is known and one of <see cref="Services"/>, goes before it. Null: none.</summary>
    public string? Unit { get; init; }
    /// <summary>It takes the built-in rules of this id away and is none itself.</summary>
    public bool Disables { get; init; }
    /// <summary>Null where only matching is wanted, or the pack has none.</summary>
    public RuleText? Text { get; init; }
    /// <inheritdoc cref="Text"/>
    public RuleExamples? Examples { get; init; }
    /// <summary>Where it was read: <c>file:line:column</c>.</summary>
    public required string Source { get; init; }

    /// <summary>The line may be about something that is no device of the inventory.</summary>
    public bool NamesPart => Subject != RuleSubject.Device || Unit is not null || (Pattern is { } pattern && PartGroups.Keys.Any(group => pattern.Contains($"(?<{group}>", StringComparison.Ordinal)));

    /// <summary>The words of a pack; null for one that is none.</summary>
    public static Severity? SeverityOf(string word) => word switch
    {
        "info" => Health.Severity.Info,
        "degraded" => Health.Severity.Degraded,
        "fatal" => Health.Severity.Fatal,
        _ => null,
    };

    /// <inheritdoc cref="SeverityOf"/>
    public static Cause? CauseOf(string word) => word switch
    {
        "application" => Health.Cause.Application,
        "driver" => Health.Cause.Driver,
        "hardware" => Health.Cause.Hardware,
        "fabric" => Health.Cause.Fabric,
        "host" => Health.Cause.Host,
        _ => null,
    };

    /// <inheritdoc cref="SeverityOf"/>
    public static SuggestedAction? ActionOf(string word) => word switch
    {
        "none" => SuggestedAction.None,
        "observe" => SuggestedAction.Observe,
        "tell-pod" => SuggestedAction.TellPod,
        "restart-service" => SuggestedAction.RestartService,
        "reset-device" => SuggestedAction.ResetDevice,
        "drain" => SuggestedAction.Drain,
        "reboot" => SuggestedAction.Reboot,
        "replace" => SuggestedAction.Replace,
        _ => null,
    };

    /// <summary><c>quiet-10m</c>, <c>quiet-24h</c>, <c>healthy</c>, <c>reset</c>, <c>boot</c> or <c>hand</c>; null for anything else.</summary>
    public static Clearing? ClearingOf(string word) => word switch
    {
        "healthy" => Clearing.OnHealthyReading,
        "reset" => Clearing.OnReset,
        "boot" => Clearing.OnBoot,
        "hand" => Clearing.ByHand,
        _ when word.StartsWith("quiet-", StringComparison.Ordinal) && TimeOf(word.AsSpan(6)) is { } quiet => Clearing.AfterQuiet(quiet),
        _ => null,
    };

    /// <summary><c>3 in 10m</c>; null for anything else. At most 1000, at most 999 hours.</summary>
    public static RuleThreshold? ThresholdOf(string words) =>
        words.Split(' ') is [var count, "in", var time] && int.TryParse(count, NumberStyles.None, null, out var least) && least is >= 2 and <= 1000 && TimeOf(time) is { } within
            ? new RuleThreshold(least, within) : null;

    /// <summary><c>10m</c> or <c>24h</c>.</summary>
    private static TimeSpan? TimeOf(ReadOnlySpan<char> word) =>
        word.Length is > 1 and < 6 && word[^1] is 'm' or 'h' && int.TryParse(word[..^1], NumberStyles.None, null, out var count) && count > 0
            ? word[^1] == 'm' ? TimeSpan.FromMinutes(count) : TimeSpan.FromHours(count) : null;
}
