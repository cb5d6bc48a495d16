using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Fleet.Reporting;
using AIInfra.Fleet.V1;

namespace AIInfra.Fleet.Granting;

/// <summary>Has the aggregator do node steps. A step is asked for anew on each stream until its outcome is known: the aggregator does it once.</summary>
/// <param name="grant">Grant and fence of an operation.</param>
public sealed class FleetSteps(FleetOptions options, Func<string, (string Grant, ulong Fence)> grant, TimeProvider time) : IAggregatorSteps
{
    /// <summary>For the outcome of what is not wanted any more: within what the engine waits for a last word.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(20), AskAgain = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Asked> _asked = new(StringComparer.Ordinal);
    private IGrantLine? _line;
    private string? _whyNot;

    private sealed record Asked(FromAgent Message)
    {
        public TaskCompletionSource<ActionResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Told how far the steps are; null: nobody is.</summary>
    public StepProgress? Progress { get; init; }

    public string? WhyNot
    {
        get
        {
            lock (_gate)
                return _line is null ? $"The aggregator {options.Aggregator.Authority} cannot be reached, and it is the one that cordons and drains (remediation.drain is aggregator)." : _whyNot;
        }
    }

    public Task<ActionResult> DoAsync(ActionStep planned, CancellationToken cancellationToken) => AskAsync(planned, looks: false, cancellationToken);

    public Task<ActionResult> LookAsync(ActionStep planned, CancellationToken cancellationToken) => AskAsync(planned, looks: true, cancellationToken);

    internal void Opened(IGrantLine line, Welcome welcome)
    {
        lock (_gate)
        {
            _line = line;
            _whyNot = welcome.DoesSteps ? null : welcome.NoSteps.Length > 0 ? $"The aggregator {options.Aggregator.Authority} does no node steps: {welcome.NoSteps}"
                : $"The aggregator {options.Aggregator.Authority} ({welcome.AggregatorVersion}) is from before aggregators did node steps: upgrade it, or set remediation.drain: self.";
            foreach (var asked in _asked.Values)
                PostIfServed_NeedsLock(asked);
        }
    }

    internal void Closed(IGrantLine line)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_line, line))
                _line = null;
        }
    }

    internal void Heard(StepNews news)
    {
        Asked? asked;
        lock (_gate)
            asked = _asked.GetValueOrDefault(news.Step);
        if (asked is null)
            return;
        if (news.Outcome.Length == 0)
            Progress?.Report(news.Step, news.Says);
        else
            asked.Done.TrySetResult(new ActionResult(WireWords.OutcomeOf(news.Outcome) ?? ActionOutcome.Unknown, news.Says));
    }

    private async Task<ActionResult> AskAsync(ActionStep planned, bool looks, CancellationToken cancellationToken)
    {
        var asked = new Asked(new FromAgent { StepAsk = Message(planned, looks) });
        lock (_gate)
        {
            _asked[planned.Id] = asked;
            PostIfServed_NeedsLock(asked);
        }
        try
        {
            while (true)
            {
                try
                {
                    return await asked.Done.Task.WaitAsync(AskAgain, time, cancellationToken);
                }
                catch (TimeoutException)
                {
                    lock (_gate)
                        PostIfServed_NeedsLock(asked); // too much waited on the stream when it was asked, or a newer replica serves it
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return looks ? Unanswered(planned) : await StopAsync(planned, asked);
        }
        finally
        {
            lock (_gate)
            {
                if (_asked.TryGetValue(planned.Id, out var there) && ReferenceEquals(there, asked))
                    _asked.Remove(planned.Id);
            }
        }
    }

    private void PostIfServed_NeedsLock(Asked asked)
    {
        if (_whyNot is null)
            _line?.TryPost(asked.Message);
    }

    /// <summary>It is not to go on: the aggregator is told so, and says how far it was. Where it cannot be reached it ends by itself, when the grant is not renewed.</summary>
    private async Task<ActionResult> StopAsync(ActionStep planned, Asked asked)
    {
        lock (_gate)
            _line?.TryPost(new FromAgent { StepStop = new StepStop { Step = planned.Id, Why = "the agent's deadline is over, its grant is lost, or it ends." } });
        try
        {
            return await asked.Done.Task.WaitAsync(LastPatience, time);
        }
        catch (TimeoutException)
        {
            return Unanswered(planned);
        }
    }

    private ActionResult Unanswered(ActionStep planned)
    {
        var says = $"The aggregator {options.Aggregator.Authority} did not say what became of {planned.Action}. It stops it when the grant is not renewed any more; its audit has the outcome.";
        return planned.Action == NodeSteps.Uncordon ? ActionResult.Failed(says) : ActionResult.Unknown(says); // an uncordon goes by its mark, and is tried again
    }

    private StepAsk Message(ActionStep planned, bool looks)
    {
        var (id, fence) = grant(planned.Operation);
        var ask = new StepAsk
        {
            Step = planned.Id,
            Operation = planned.Operation,
            Action = planned.Action,
            Problem = NodeReader.Key(planned.ProblemId, planned.Subject),
            Scope = Words.Of(planned.Drain),
            DeadlineMilliseconds = (uint)Math.Clamp(planned.Deadline.TotalMilliseconds, 1000, uint.MaxValue),
            Grant = id,
            Fence = fence,
            Looks = looks,
        };
        ask.Arguments.AddRange(planned.Arguments);
        ask.Devices.AddRange(planned.ResetGroup.IsEmpty && planned.Subject.Kind == Core.Health.SubjectKind.Device ? [planned.Subject.Id] : planned.ResetGroup);
        return ask;
    }
}
