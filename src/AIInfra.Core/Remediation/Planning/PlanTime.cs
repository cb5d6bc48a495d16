namespace AIInfra.Core.Remediation.Planning;

/// <summary>What time it is: by the wall, and by the clock of this boot, which nobody can set.</summary>
/// <param name="BootId">Empty when unknown: then the wall's clock alone counts.</param>
/// <param name="Uptime">Since the boot; null when unknown.</param>
public readonly record struct PlanTime(DateTimeOffset At, string BootId = "", TimeSpan? Uptime = null)
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    /// <summary>How old something is; what seems to be in the future was just now: the clock went back.</summary>
    public TimeSpan Since(DateTimeOffset then) => then >= At ? TimeSpan.Zero : At - then;

    /// <summary>How long ago a step was begun. Within one boot no change of the wall's clock makes it longer or shorter.</summary>
    public TimeSpan Since(StepRecord step) =>
        BootId.Length > 0 && step.Step.BootId == BootId && step.Uptime is { } then && Uptime is { } now && now >= then ? now - then : Since(step.IntendedAt);

    /// <summary>A moment of a step, such as its end, by the wall as it is now: the clock may have been set since.</summary>
    public DateTimeOffset Of(StepRecord step, DateTimeOffset stamp) => Nearest(stamp, At - Since(step) + (stamp > step.IntendedAt ? stamp - step.IntendedAt : TimeSpan.Zero));

    /// <summary>What was stamped, unless the clock was set since.</summary>
    internal static DateTimeOffset Nearest(DateTimeOffset stamp, DateTimeOffset counted) => (stamp - counted).Duration() < Slack ? stamp : counted;

    /// <summary>When so much time will have passed since a step was begun, by the wall as it is now.</summary>
    public DateTimeOffset After(StepRecord step, TimeSpan rest) => At + (rest - Since(step));
}
