using System.Collections.Immutable;

namespace AIInfra.Core.Health.Logs;

/// <summary>A rule of a pack: which lines it is about, and what they say.</summary>
public sealed record LogRule
{
    /// <summary>The problem's id; may hold <c>{group}</c> of the pattern.</summary>
    public required string Id { get; init; }
    /// <summary>A line must hold one of these before the pattern is tried. At least one, each of at least three characters.</summary>
    public required ImmutableArray<string> Literals { get; init; }
    /// <summary>A .NET regular expression. The group <c>pci</c> names the device; null: a literal alone is enough.</summary>
    public string? Pattern { get; init; }
    /// <summary><see cref="LogOrigin.Kernel"/> or <see cref="LogOrigin.Service"/>.</summary>
    public LogOrigin Origin { get; init; } = LogOrigin.Kernel;
    public Severity Severity { get; init; }
    public Cause Cause { get; init; }
    public SuggestedAction Action { get; init; }
    public Clearing Clearing { get; init; }
    /// <summary>One sentence; may hold <c>{group}</c> of the pattern.</summary>
    public string Message { get; init; } = "";
    /// <summary>The line says that the problem <see cref="Id"/> is over.</summary>
    public bool IsClear { get; init; }
    /// <summary>The group <c>pci</c> names a part that is no accelerator.</summary>
    public bool IsPart { get; init; }
    /// <summary>Where it was read: <c>file:line:column</c>.</summary>
    public required string Source { get; init; }

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
        _ when word.StartsWith("quiet-", StringComparison.Ordinal) && word.Length is > 7 and < 12 && word[^1] is 'm' or 'h'
            && int.TryParse(word.AsSpan(6, word.Length - 7), System.Globalization.NumberStyles.None, null, out var count) && count > 0 =>
            Clearing.AfterQuiet(word[^1] == 'm' ? TimeSpan.FromMinutes(count) : TimeSpan.FromHours(count)),
        _ => null,
    };
}
