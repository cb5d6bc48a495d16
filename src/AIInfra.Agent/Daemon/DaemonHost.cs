using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>The life of the daemon: lock, compose, run until told to stop.</summary>
internal static partial class DaemonHost
{
    /// <returns>An <see cref="ExitStatus"/>.</returns>
    public static async Task<int> RunAsync(Config config, AgentFiles files, CancellationToken cancellationToken)
    {
        var runPath = config.Get(AgentKeys.RunPath);
        using var instance = SingleInstance.Take(runPath, "agent", out var refusal);
        if (instance is null)
        {
            await Console.Error.WriteLineAsync(Say(refusal, runPath));
            return refusal.Fault == InstanceFault.Taken ? ExitStatus.AlreadyRunning : ExitStatus.CannotCreate;
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddLines();
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
        await host.RunAsync(cancellationToken);
        LogStopped(logger);
        return Environment.ExitCode;
    }

    private static string Say(InstanceRefusal refusal, string runPath) => refusal.Fault switch
    {
        InstanceFault.NoPermission => $"No permission to use the run folder {runPath}. Start the daemon as root, or set run.path and state.path to folders of your own in a file given with --config.",
        InstanceFault.Taken => $"Another aiinfra-agent runs on {runPath} already{refusal.Detail}; this one was not started. `aiinfra-agent status` asks the running one; a second one needs its own run.path, state.path and metrics.address.",
        _ => $"The run folder {runPath} cannot be used: {refusal.Detail} Set run.path to a folder that can be written.",
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "aiinfra-agent {Version} starts on node {Node}")]
    private static partial void LogStarting(ILogger logger, string version, string node);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Note}")]
    private static partial void LogNote(ILogger logger, string note);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped")]
    private static partial void LogStopped(ILogger logger);
}
