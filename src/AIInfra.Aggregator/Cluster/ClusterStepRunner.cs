using System.Collections.Concurrent;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Remediation;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Cluster;

/// <summary>Does the steps that are this replica's, says that it lives, and takes over what a dead one left. What it cannot say so for in time it stops, before another may begin.</summary>
internal sealed partial class ClusterStepRunner(ClusterStepStore store, ClusterSteps steps, WorkerBoard parts, TimeProvider time, ILogger<ClusterStepRunner> logger) : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "cluster steps";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(3), Silent = TimeSpan.FromSeconds(10), WriteAgain = TimeSpan.FromSeconds(1), SettlePatience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<(string Node, string Step), Running> _running = new();
    private CancellationToken _ended = new(canceled: true);

    /// <summary>A step under way here.</summary>
    internal sealed class Running(ClusterStep step, CancellationTokenSource stop, long keptAt)
    {
        private readonly Lock _gate = new();
        private long _keptAt = keptAt;

        public ClusterStep Step => step;
        public StepProgress Progress { get; } = new();
        public string Says => Progress.Of(step.Step.Id) ?? "";
        /// <summary>Why it was stopped; empty where it is another's, and null while it goes on.</summary>
        public string? Stopped { get; private set; }
        public long KeptAt => Volatile.Read(ref _keptAt);
        /// <summary>Completes with the outcome when that is written; null where another settles it.</summary>
        public TaskCompletionSource<ActionResult?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Never fails.</summary>
        public Task Work { get; set; } = Task.CompletedTask;

        public void Kept(long at) => Volatile.Write(ref _keptAt, at);

        public void Stop(string why)
        {
            lock (_gate)
            {
                if (Stopped is { Length: 0 } || (Stopped is not null && why.Length > 0))
                    return;
                Stopped = why;
            }
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has ended meanwhile.
            }
        }
    }

    public Running? Find(string node, string step) => _running.GetValueOrDefault((node, step));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _ended = cancellationToken;
        try
        {
            await StoreBeat.EachAsync(Beat, time, parts, Part, BeatAsync, cancellationToken);
        }
        finally
        {
            var left = _running.Values.ToList();
            foreach (var running in left)
                running.Stop(""); // whoever lives settles them
            await Task.WhenAll(left.Select(running => running.Work));
        }
    }

    /// <summary>Begins a step that was written as this replica's.</summary>
    public Running Begin(ClusterStep step) => Start(step, (running, token) => steps.RunAsync(step.Node, step.Step, running.Progress, token));

    /// <summary>What became of a step that no row tells of; changes nothing.</summary>
    public Task<ActionResult> LookAsync(string node, ActionStep step, CancellationToken cancellationToken) => steps.LookAsync(node, step, cancellationToken);

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        try
        {
            var now = time.GetTimestamp();
            var running = _running.Values.ToList();
            if (running.Count > 0)
            {
                var ending = await store.KeepAsync([.. running.Select(one => (one.Step, one.Says))], cancellationToken);
                foreach (var one in running)
                    one.Kept(now);
                foreach (var (node, step, why) in ending)
                    Find(node, step)?.Stop(why);
            }
            foreach (var (orphan, whyNot) in await store.TakeOverAsync(cancellationToken))
                TakeOver(orphan, whyNot);
        }
        finally
        {
            foreach (var silent in _running.Values.Where(one => time.GetElapsedTime(one.KeptAt) > Silent))
                silent.Stop("");
        }
    }

    private void TakeOver(ClusterStep orphan, string? whyNot)
    {
        LogTakenOver(orphan.Step.Action, orphan.Node, orphan.Step.Id, whyNot ?? "it goes on.");
        _ = whyNot is null
            ? Start(orphan, (running, token) => steps.GoOnAsync(orphan.Node, orphan.Step, running.Progress, token))
            : Start(orphan, (_, token) => SettleAsync(orphan, whyNot, token));
    }

    /// <summary>It may not go on: what came of it is looked at, and nothing more is done.</summary>
    private async Task<ActionResult> SettleAsync(ClusterStep orphan, string whyNot, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(SettlePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var result = await steps.LookAsync(orphan.Node, orphan.Step, either.Token);
        return result with { Says = $"The aggregator ended in the midst of it, and it does not go on: {whyNot} {result.Says}" };
    }

    private Running Start(ClusterStep step, Func<Running, CancellationToken, Task<ActionResult>> act)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_ended);
        var running = new Running(step, stop, time.GetTimestamp());
        if (!_running.TryAdd((step.Node, step.Step.Id), running))
        {
            stop.Dispose();
            return _running[(step.Node, step.Step.Id)];
        }
        running.Work = FinishAsync(running, act, stop);
        return running;
    }

    private async Task FinishAsync(Running running, Func<Running, CancellationToken, Task<ActionResult>> act, CancellationTokenSource stop)
    {
        var step = running.Step;
        ActionResult? written = null;
        try
        {
            await Task.Yield();
            ActionResult result;
            try
            {
                result = await act(running, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                result = ActionResult.Failed("It was ended before it began.");
            }
            if (running.Stopped is { Length: > 0 } why)
                result = result.Outcome == ActionOutcome.Done ? result : result with { Says = $"It was stopped: {why} {result.Says}" };
            while (running.Stopped is not { Length: 0 } && !_ended.IsCancellationRequested)
            {
                try
                {
                    written = await store.EndAsync(step, result, _ended) ? result : null;
                    LogEnded(step.Step.Action, step.Node, result.Outcome, result.Says);
                    break;
                }
                catch (StoreException)
                {
                    await Task.Delay(WriteAgain, time, _ended); // the database has said so; if it stays away the step is another's
                }
            }
        }
        catch (OperationCanceledException)
        {
            // This replica ends; another settles it.
        }
        finally
        {
            _running.TryRemove((step.Node, step.Step.Id), out _);
            running.Done.TrySetResult(written);
            stop.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Action} of node {Node} ended: {Outcome}. {Says}")]
    private partial void LogEnded(string action, string node, ActionOutcome outcome, string says);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Action} of node {Node} (step {Step}) was left by a replica that ended; {What}")]
    private partial void LogTakenOver(string action, string node, string step, string what);
}
