using AIInfra.Core.Health.Logs;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>Says in the log which rule's pattern took too long, once.</summary>
internal static partial class SlowPatternLog
{
    public static SlowPatterns Create(ILogger logger) => new()
    {
        Found = (rule, isOff) =>
        {
            if (isOff)
                LogOff(logger, rule.Id, rule.Source);
            else
                LogSlow(logger, rule.Id, rule.Source);
        },
    };

    [LoggerMessage(EventName = "SlowPatternLog.Slow", Level = LogLevel.Warning, Message = "The pattern of rule {Rule} ({Source}) took longer than 5 ms on a line. From now on it runs without backtracking; make it simpler")]
    private static partial void LogSlow(ILogger logger, string rule, string source);

    [LoggerMessage(EventName = "SlowPatternLog.Off", Level = LogLevel.Error, Message = "Rule {Rule} ({Source}) is switched off: its pattern is too slow, and cannot run without backtracking (a look-around or a back-reference)")]
    private static partial void LogOff(ILogger logger, string rule, string source);
}
