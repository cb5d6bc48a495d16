using System.Collections.Immutable;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Aggregator.Streams;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Fleet.V1;
using Microsoft.Extensions.Logging;

namespace AIInfra.Aggregator.Cluster;

/// <summary>Takes the nodes' questions for steps to whoever does them.</summary>
internal sealed class StepDesk(ClusterStepStore store, ClusterStepRunner runner, TimeProvider time, ILogger<StepDesk> logger)
{
    public StepQuestions Open(AgentSession session) => new(session, store, runner, time, logger);
}

/// <summary>The steps that one stream asks for, and is told of. A node asks for itself: its name is that of the stream. The steps outlive it.</summary>
internal sealed partial class StepQuestions(AgentSession session, ClusterStepStore store, ClusterStepRunner runner, TimeProvider time, ILogger logger)
{
    private const int MostAtOnce = 4;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1), LooksFor = TimeSpan.FromSeconds(40), StoreAgain = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Task> _followed = new(StringComparer.Ordinal);

    /// <summary>Answered by news on the stream. One that is followed already is not followed twice.</summary>
    public void Ask(StepAsk ask)
    {
        var (question, why) = StepQuestion.Of(ask);
        if (question is null)
        {
            Tell(ask.Step, new ActionResult(ActionOutcome.NotPossible, why));
            return;
        }
        lock (_gate)
        {
            foreach (var over in _followed.Where(one => one.Value.IsCompleted).Select(one => one.Key).ToList())
                _followed.Remove(over);
            if (_followed.Count < MostAtOnce && !_followed.ContainsKey(question.Step.Id))
                _followed[question.Step.Id] = FollowAsync(question);
        }
    }

    /// <exception cref="StoreException">It is not done.</exception>
    public async Task StopAsync(StepStop stop)
    {
        var why = stop.Why.Length is > 0 and <= 253 ? stop.Why : "the node does not want it any more.";
        await store.StopAsync(session.Node, stop.Step, why, CancellationToken.None);
        runner.Find(session.Node, stop.Step)?.Stop(why);
    }

    /// <summary>What the node's journal has closed, or does not know, ends here too.</summary>
    /// <exception cref="StoreException">It is not done.</exception>
    public async Task ReconcileAsync(ImmutableArray<OperationRecord> journal)
    {
        foreach (var step in await store.ReconcileAsync(session.Node, journal, session.Ended))
            runner.Find(session.Node, step)?.Stop("the node's journal does not have it open.");
    }

    /// <summary>After the stream's end: nothing is told any more.</summary>
    public Task ClosedAsync()
    {
        lock (_gate)
            return Task.WhenAll(_followed.Values);
    }

    private async Task FollowAsync(StepQuestion question)
    {
        try
        {
            await Task.Yield();
            while (true)
            {
                try
                {
                    Tell(question.Step.Id, await AnswerAsync(question));
                    return;
                }
                catch (StoreException fault)
                {
                    LogWaits(session.Node, question.Step.Id, fault.Message);
                    await Task.Delay(StoreAgain, time, session.Ended);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The stream is over: the agent asks again on the next one.
        }
    }

    private async Task<ActionResult> AnswerAsync(StepQuestion question)
    {
        ClusterStep? step;
        if (question.Looks)
        {
            step = await store.FindAsync(session.Node, question.Step.Id, session.Ended);
            if (step is null) // it was never begun, or is in a database that was replaced: the cluster itself says how it is
                return await runner.LookAsync(session.Node, question.Step, session.Ended);
        }
        else
        {
            (step, var isNew, var whyNot) = await store.BeginAsync(session.Node, question, session.Ended);
            if (step is null)
                return new ActionResult(question.Step.Action == NodeSteps.Uncordon ? ActionOutcome.Failed : ActionOutcome.NotPossible, whyNot);
            if (isNew)
                runner.Begin(step);
        }
        return step.Result ?? await WaitAsync(step, question.Looks);
    }

    private async Task<ActionResult> WaitAsync(ClusterStep step, bool looks)
    {
        var (started, said) = (time.GetTimestamp(), "");
        while (true)
        {
            string says;
            if (runner.Find(session.Node, step.Step.Id) is { } running)
            {
                await Task.WhenAny(running.Done.Task, Task.Delay(Look, time, session.Ended));
                if (running.Done.Task is { IsCompletedSuccessfully: true, Result: { } result })
                    return result;
                says = running.Says;
            }
            else
            {
                if (await store.FindAsync(session.Node, step.Step.Id, session.Ended) is not { } there)
                    return ActionResult.Unknown("The database does not know the step any more: it was restored to an earlier state.");
                if (there.Result is { } result)
                    return result;
                says = there.Says;
                await Task.Delay(Look, time, session.Ended); // another replica has it
            }
            session.Ended.ThrowIfCancellationRequested();
            if (says.Length > 0 && says != said)
                session.Post(new FromAggregator { StepNews = new StepNews { Step = step.Step.Id, Says = said = says } });
            if (looks && time.GetElapsedTime(started) > LooksFor)
                await StopAsync(new StepStop { Step = step.Step.Id, Why = "the agent was started anew and does not act on it any more." });
        }
    }

    private void Tell(string step, ActionResult result) =>
        session.Post(new FromAggregator { StepNews = new StepNews { Step = step, Outcome = Words.Of(result.Outcome), Says = result.Says } });

    [LoggerMessage(EventName = "StepQuestions.Waits", Level = LogLevel.Warning, Message = "Node {Node} asked for step {Step}, which waits: {Why}")]
    private partial void LogWaits(string node, string step, string why);
}
