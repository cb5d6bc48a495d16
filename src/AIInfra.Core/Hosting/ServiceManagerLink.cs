using AIInfra.Core.Health;
using AIInfra.Linux.Systemd;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Hosting;

/// <summary>Tells systemd how the agent is: one line of status, and, where the unit has WatchdogSec, that it lives. It is told so only while the thread pool runs, the
/// board of problems answers and every loop with a heartbeat goes round: else systemd ends the agent and starts it again.</summary>
/// <param name="isUp">The agent answers who asks it: it is called ready from then on, or after 10 s.</param>
public sealed partial class ServiceManagerLink(
    ServiceNotifier notifier, HealthBoard health, Heartbeats beats, Func<bool> isUp, Func<string> status, TimeProvider time, ILogger<ServiceManagerLink> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "service manager";

    private static readonly TimeSpan Slowest = TimeSpan.FromSeconds(10), Look = TimeSpan.FromMilliseconds(50);

    private string? _told;
    private bool _isStuck;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!notifier.IsHeard)
            return;
        for (var started = time.GetTimestamp(); !isUp() && time.GetElapsedTime(started) < Slowest;)
            await Task.Delay(Look, time, cancellationToken);
        notifier.Ready("Started");
        var third = notifier.Watchdog / 3 ?? Slowest;
        using var timer = new PeriodicTimer(third < Slowest ? third : Slowest, time);
        do
        {
            Tell();
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    internal void Tell()
    {
        health.ExpireQuiet(); // takes the board's lock: whoever holds it for good stops this loop too
        var overdue = beats.Overdue();
        if (overdue is { } stuck && !_isStuck)
            LogStuck(stuck.Loop, stuck.Since.TotalSeconds, notifier.Watchdog is null ? "nobody" : "systemd");
        _isStuck = overdue is not null;
        if (!_isStuck && notifier.Watchdog is not null)
            notifier.Alive();
        if (status() is var now && now != _told)
            notifier.Status(_told = now);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The loop '{Loop}' has not gone round for {Seconds:0} s: it is stuck, and {Who} starts the agent again")]
    private partial void LogStuck(string loop, double seconds, string who);
}
