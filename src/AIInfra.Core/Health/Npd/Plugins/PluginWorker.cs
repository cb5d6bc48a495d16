using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Npd.Plugins;

/// <summary>Runs the rules of one custom-plugin-monitor: all at once at the start, then each at its interval, never two of one rule at a time.</summary>
public sealed partial class PluginWorker(NpdPluginMonitor monitor, PluginRuns runs, NpdBoard board, TimeProvider time, ILogger<PluginWorker> logger) : IWorker
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var rule in monitor.PluginRules.Where(rule => rule.IsHealthChecker && !rule.Arguments.Contains("--enable-repair=false")))
            LogNoRepair(rule.Mark);
        using var places = new SemaphoreSlim(monitor.Concurrency);
        await Task.WhenAll(monitor.PluginRules.Select(rule => RepeatAsync(rule, places, cancellationToken)));
    }

    /// <summary>A timer that fires while the rule runs is caught up once.</summary>
    private async Task RepeatAsync(NpdPluginRule rule, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(rule.Interval, time);
        var gone = Task.CompletedTask;
        var isSaid = false;
        do
        {
            await places.WaitAsync(cancellationToken);
            try
            {
                if (!gone.IsCompleted)
                {
                    board.Ended(monitor, rule, NpdStatus.Unknown, $"{rule.Program} was killed but has not ended: it hangs in the kernel, and is not started again meanwhile");
                    continue;
                }
                (var outcome, gone) = await runs.RunAsync(monitor, rule, cancellationToken);
                board.Ended(monitor, rule, outcome.Status, outcome.Message);
                if (outcome.Status == NpdStatus.Unknown && !isSaid)
                    LogUnknown(rule.Mark, rule.Reason, outcome.Message);
                isSaid = outcome.Status == NpdStatus.Unknown;
            }
            finally
            {
                places.Release();
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Rule}: the plugin of {Reason} could not tell: {Message}")]
    private partial void LogUnknown(Core.Configuration.ConfigMark rule, string reason, string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Rule}: the health check is done by this agent and repairs nothing: no service is killed")]
    private partial void LogNoRepair(Core.Configuration.ConfigMark rule);
}
