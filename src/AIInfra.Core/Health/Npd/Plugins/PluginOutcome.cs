namespace AIInfra.Core.Health.Npd.Plugins;

/// <summary>What one run of a plugin says, in the protocol of exit codes: 0 well, 1 the problem is there, anything else it could not tell.</summary>
public sealed record PluginOutcome(NpdStatus Status, string Message)
{
    public static PluginOutcome Well(string message) => new(NpdStatus.False, message);
    public static PluginOutcome Problem(string message) => new(NpdStatus.True, message);
    public static PluginOutcome Unknown(string message) => new(NpdStatus.Unknown, message);
}
