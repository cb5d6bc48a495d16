using System.Collections.Immutable;
using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting.Logging;
using AIInfra.Linux.Files;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>The life of the daemon: lock, compose, run until told to stop.</summary>
internal static partial class DaemonHost
{
    /// <param name="check">Reads what the next start would read, for SIGHUP.</param>
    /// <returns>An <see cref="ExitStatus"/>.</returns>
    public static async Task<int> RunAsync(Config config, AgentFiles files, Func<ImmutableArray<ConfigError>> check, CancellationToken cancellationToken)
    {
        FileMask.OwnerOnly();
        using var instance = SingleInstance.Take(config.Get(AgentKeys.RunPath), out var refusal, out var status);
        if (instance is null)
        {
            await Console.Error.WriteLineAsync(refusal);
            return status;
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddLines(LogKeys.Options(config), "aiinfra-agent");
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.AddDaemon(config, files);

        using var host = builder.Build();
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("AIInfra.Agent");
        var node = AgentConfig.NodeName(config);
        LogStarting(logger, ProgramInfo.Version, node);
        foreach (var note in files.Notes)
            LogNote(logger, note);
        host.AnnounceStop();
        using var hangup = Reload.OnHangup(host.Services.GetRequiredService<IHostApplicationLifetime>(), check, logger);
        await host.RunAsync(cancellationToken);
        LogStopped(logger);
        return Environment.ExitCode;
    }

    [LoggerMessage(EventName = "DaemonHost.Starting", Level = LogLevel.Information, Message = "aiinfra-agent {Version} starts on node {Node}")]
    private static partial void LogStarting(ILogger logger, string version, string node);

    [LoggerMessage(EventName = "DaemonHost.Note", Level = LogLevel.Information, Message = "{Note}")]
    private static partial void LogNote(ILogger logger, string note);

    [LoggerMessage(EventName = "DaemonHost.Stopped", Level = LogLevel.Information, Message = "Stopped")]
    private static partial void LogStopped(ILogger logger);
}
