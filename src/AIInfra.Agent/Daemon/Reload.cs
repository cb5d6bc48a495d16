using System.Collections.Immutable;
using System.Runtime.InteropServices;
using AIInfra.Core.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>SIGHUP. Settings are read at the start, so a new configuration takes a new process: the agent ends in order and its service manager starts it again.
/// With a configuration that has errors it says them and runs on as it was.</summary>
internal static partial class Reload
{
    /// <param name="check">Reads what the next start would read.</param>
    public static IDisposable OnHangup(IHostApplicationLifetime life, Func<ImmutableArray<ConfigError>> check, ILogger logger) =>
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true; // not the kernel's way to end it
            if (check() is { IsEmpty: false } errors)
            {
                foreach (var error in errors)
                    LogRefused(logger, error);
                return;
            }
            LogAccepted(logger);
            life.StopApplication();
        });

    [LoggerMessage(EventName = "Reload.Accepted", Level = LogLevel.Information, Message = "SIGHUP: the configuration is good; the agent ends, to be started with it")]
    private static partial void LogAccepted(ILogger logger);

    [LoggerMessage(EventName = "Reload.Refused", Level = LogLevel.Error, Message = "SIGHUP: the agent runs on with the configuration that it has: {Error}")]
    private static partial void LogRefused(ILogger logger, ConfigError error);
}
