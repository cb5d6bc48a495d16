using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Hosting;

/// <summary>Runs a worker and starts it again after a fault: 1 s, 2 s, 4 s … 1 min; from 1 s again after 10 quiet minutes.</summary>
public sealed partial class Supervisor(
    string name, IWorker worker, WorkerBoard board, TimeProvider time, ILogger<Supervisor> logger) : BackgroundService
{
    private static readonly TimeSpan QuietSpell = TimeSpan.FromMinutes(10), Settled = TimeSpan.FromSeconds(5);

    /// <summary>As users see it.</summary>
    public string Name { get; } = name;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var faults = 0; ;)
        {
            var started = time.GetTimestamp();
            try
            {
                if (faults == 0)
                    board.Running(Name); // before it runs: what the worker says of itself is newer
                var run = Task.Run(() => worker.RunAsync(stoppingToken), stoppingToken);
                if (faults > 0)
                    await SettleAsync(run);
                if (faults > 0 && !run.IsCompleted)
                    board.Running(Name);
                await run;
                board.Finished(Name);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // the only catch-all there is: a fault of one loop must not end the daemon
            catch (Exception fault)
#pragma warning restore CA1031
            {
                faults = time.GetElapsedTime(started) > QuietSpell ? 1 : faults + 1;
                var wait = TimeSpan.FromSeconds(Math.Min(60, 1 << Math.Min(faults - 1, 6)));
                board.Failed(Name, fault.Message, faults);
                LogFault(Name, fault.Message, faults, wait.TotalSeconds, fault is IOException ? null : fault); // where an IOException came from, its text says
                try
                {
                    await Task.Delay(wait, time, stoppingToken);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    /// <summary>A worker that has failed is shown as failed until it has held for a while.</summary>
    private async Task SettleAsync(Task run)
    {
        try
        {
            await run.WaitAsync(Settled, time, CancellationToken.None);
        }
        catch (TimeoutException) when (!run.IsCompleted)
        {
            // It holds.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Worker} failed: {Why} Fault {Count} in a row; next start in {WaitSeconds} s.")]
    private partial void LogFault(string worker, string why, int count, double waitSeconds, Exception? fault);
}

public static class WorkerSetup
{
    /// <summary>Registers a worker under its own supervisor; its state shows in <see cref="WorkerBoard"/> and so in /readyz.</summary>
    /// <param name="name">As users see it: <c>metrics</c>, <c>vendor nvidia</c>.</param>
    public static IServiceCollection AddWorker<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TWorker>(
        this IServiceCollection services, string name) where TWorker : class, IWorker
    {
        services.AddSingleton<TWorker>();
        return services.AddWorker(name, provider => provider.GetRequiredService<TWorker>());
    }

    /// <inheritdoc cref="AddWorker{TWorker}"/>
    public static IServiceCollection AddWorker(this IServiceCollection services, string name, Func<IServiceProvider, IWorker> worker) =>
        services.AddSingleton<IHostedService>(provider => new Supervisor(
            name, worker(provider), provider.GetRequiredService<WorkerBoard>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Supervisor>>()));
}
