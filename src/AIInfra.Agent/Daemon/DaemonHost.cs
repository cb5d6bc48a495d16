using AIInfra.Agent.Configuration;
using AIInfra.Core.Configuration;
using AIInfra.Core.Hosting;
using AIInfra.Core.Hosting.Logging;
using AIInfra.Linux.Files;
using AIInfra.Linux.Processes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Agent.Daemon;

/// <summary>The life of the daemon: lock, compose, run until told to stop.</summary>
internal static partial class DaemonHost
{
    /// <param name="file">The configuration file as it was named; null: the default.</param>
    /// <returns>An <see cref="ExitStatus"/>. Does not return where the configuration was taken over: the process has begun anew then.</returns>
    public static async Task<int> RunAsync(string? file, Config config, AgentFiles files, CancellationToken cancellationToken)
    {
        var again = new ProgramAgain();
        var (status, isReload) = await RunOnceAsync(file, config, files, cancellationToken);
        if (!isReload)
            return status;
        await Console.Error.WriteLineAsync(again.Begin());
        return ExitStatus.Software; // whoever supervises it starts it again
    }

    private static async Task<(int Status, bool IsReload)> RunOnceAsync(string? file, Config config, AgentFiles files, CancellationToken cancellationToken)
    {
        FileMask.OwnerOnly();
        var runPath = config.Get(AgentKeys.RunPath);
        using var instance = SingleInstance.Take(runPath, "agent", out var refusal);
        if (instance is null)
        {
            await Console.Error.WriteLineAsync(Say(refusal, runPath));
            return (refusal.Fault == InstanceFault.Taken ? ExitStatus.AlreadyRunning : ExitStatus.CannotCreate, false);
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddLines(LogKeys.Options(config), "aiinfra-agent");
        builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.AddDaemon(config, files).AddReload(file, config);

        using var host = builder.Build();
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("AIInfra.Agent");
        var node = AgentConfig.NodeName(config);
        LogStarting(logger, ProgramInfo.Version, node);
        foreach (var note in files.Notes)
            LogNote(logger, note);
        var reload = host.Services.GetRequiredService<Reload>();
        host.AnnounceStop(reload.Asked);
        reload.ListenForSignal();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, reload.Asked);
        await host.RunAsync(ended.Token);
        LogStopped(logger);
        return (Environment.ExitCode, reload.IsAsked && !cancellationToken.IsCancellationRequested);
    }

    private static string Say(InstanceRefusal refusal, string runPath) => refusal.Fault switch
    {
        InstanceFault.NoPermission => $"No permission to use the run folder {runPath}. Start the daemon as root, or set run.path and state.path to folders of your own in a file given with --config.",
        InstanceFault.Taken => $"Another aiinfra-agent runs on {runPath} already{refusal.Detail}; this one was not started. `aiinfra-agent status` asks the running one; a second one needs its own run.path, state.path and metrics.address.",
        _ => $"The run folder {runPath} cannot be used: {refusal.Detail} Set run.path to a folder that can be written.",
    };

    [LoggerMessage(EventName = "DaemonHost.Starting", Level = LogLevel.Information, Message = "aiinfra-agent {Version} starts on node {Node}")]
    private static partial void LogStarting(ILogger logger, string version, string node);

    [LoggerMessage(EventName = "DaemonHost.Note", Level = LogLevel.Information, Message = "{Note}")]
    private static partial void LogNote(ILogger logger, string note);

    [LoggerMessage(EventName = "DaemonHost.Stopped", Level = LogLevel.Information, Message = "Stopped")]
    private static partial void LogStopped(ILogger logger);
}
