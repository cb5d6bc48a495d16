using System.Collections.Immutable;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Health.Probes;

/// <summary>Runs every probe at its interval, spread in time, and tells the health board.</summary>
public sealed partial class ProbeWorker : IWorker, IProblemLooks, IDisposable
{
    /// <summary>Name of the part in /readyz; a probe that is broken has a part of its own beside it.</summary>
    public const string Part = "probes";

    /// <summary>Of a core, for one probe on the average: one whose look takes more than that is run less often.</summary>
    private const double MostCpu = 0.0003;
    private static readonly TimeSpan FirstWithin = TimeSpan.FromSeconds(15);

    private readonly ImmutableArray<(ProbeRunner Runner, ProbeTracker Tracker)> _probes;
    private readonly ProbeBoard _board;
    private readonly WorkerBoard _workers;
    private readonly TimeProvider _time;
    private readonly ILogger<ProbeWorker> _logger;

    public ProbeWorker(ProbeSetup setup, HealthBoard health, ProbeBoard board, WorkerBoard workers, TimeProvider time, ILogger<ProbeWorker> logger)
    {
        (_board, _workers, _time, _logger) = (board, workers, time, logger);
        _probes = [.. setup.CreateRunners().Select(runner => (runner, new ProbeTracker(runner.Definition, health, time)))];
        foreach (var (runner, _) in _probes)
            board.Publish(runner.Report);
    }

    public Task RunAsync(CancellationToken cancellationToken)
    {
        var on = _probes.Where(probe => probe.Runner.Settings.IsEnabled).ToImmutableArray();
        return on.Length == 0 ? cancellationToken.WhenCancelledAsync()
            : Task.WhenAll(on.Select((probe, at) => RepeatAsync(probe.Runner, probe.Tracker, FirstWithin * ((at + 1.0) / on.Length), cancellationToken)));
    }

    /// <summary>Looks once now, also through probes that are switched off; what is found counts as in any other look.</summary>
    /// <param name="names">Null: those that are switched on.</param>
    /// <param name="progress">Told each one as it ends.</param>
    public async Task<ImmutableArray<ProbeReport>> RunNowAsync(IReadOnlyCollection<string>? names, IProgress<ProbeReport>? progress, CancellationToken cancellationToken)
    {
        var chosen = _probes.Where(probe => names?.Contains(probe.Runner.Definition.Name) ?? probe.Runner.Settings.IsEnabled);
        return [.. await Task.WhenAll(chosen.Select(async probe =>
        {
            var report = await LookAsync(probe.Runner, probe.Tracker, cancellationToken);
            progress?.Report(report);
            return report;
        }))];
    }

    public Task LookForAsync(string problemId, CancellationToken cancellationToken) =>
        Task.WhenAll(_probes.Where(probe => probe.Runner.Settings.IsEnabled && probe.Runner.Definition.Problems.Contains(problemId)).Select(probe => LookAsync(probe.Runner, probe.Tracker, cancellationToken)));

    public void Dispose()
    {
        foreach (var (runner, _) in _probes)
            runner.Dispose();
    }

    private async Task RepeatAsync(ProbeRunner runner, ProbeTracker tracker, TimeSpan first, CancellationToken cancellationToken)
    {
        var (wait, before) = (first, TimeSpan.Zero);
        while (true)
        {
            await Task.Delay(wait, _time, cancellationToken);
            var spent = (await LookAsync(runner, tracker, cancellationToken)).CpuTime;
            wait = WaitAfter(runner.Settings.Interval, before, spent);
            before = spent;
        }
    }

    /// <summary>The interval, or longer for a probe that costs too much: by the cheaper of two looks, since the first one is compiled, and at most ten times as long.</summary>
    internal static TimeSpan WaitAfter(TimeSpan interval, TimeSpan before, TimeSpan spent)
    {
        var affordable = (before < spent ? before : spent) / MostCpu;
        return affordable <= interval ? interval : affordable < 10 * interval ? affordable : 10 * interval;
    }

    private async Task<ProbeReport> LookAsync(ProbeRunner runner, ProbeTracker tracker, CancellationToken cancellationToken)
    {
        var before = runner.Report;
        var report = await runner.RunAsync(cancellationToken);
        lock (tracker)
            tracker.Take(report);
        _board.Publish(report);
        var part = $"probe {report.Name}";
        if (report.IsBroken)
            _workers.NotReady(part, $"{report.Detail}; what it looks at is not known, and what it raised before stands.");
        else
            _workers.Remove(part);
        if (report.IsBroken && !before.IsBroken)
            LogBroken(report.Name, report.Detail!);
        else if (before.IsBroken && !report.IsBroken)
            LogWell(report.Name);
        return report;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Probe {Probe}: {Why}; it is tried again at its interval")]
    private partial void LogBroken(string probe, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Probe {Probe} works again")]
    private partial void LogWell(string probe);
}
