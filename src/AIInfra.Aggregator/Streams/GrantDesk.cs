using System.Collections.Immutable;
using AIInfra.Aggregator.Cluster;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Fleet;
using AIInfra.Fleet.V1;
using Microsoft.Extensions.Logging;
using GrantRequest = AIInfra.Aggregator.Grants.GrantRequest;
using ProblemKey = AIInfra.Aggregator.Nodes.ProblemKey;

namespace AIInfra.Aggregator.Streams;

/// <summary>Takes the nodes' questions to the ledger, and to whoever does their steps.</summary>
/// <param name="steps">Null where there is no Kubernetes.</param>
internal sealed class GrantDesk(IGrantLedger ledger, FleetView view, GrantPush push, TextPool texts, ILogger<GrantDesk> logger, StepDesk? steps = null)
{
    private readonly WireRecords _records = new(texts);

    public GrantQuestions Open(AgentSession session) => new(session, ledger, view, push, _records, logger, steps?.Open(session));
}

/// <summary>The questions of one stream: answered one after the other, beside what the node reports, so that a slow ledger delays no report.</summary>
internal sealed partial class GrantQuestions(AgentSession session, IGrantLedger ledger, FleetView view, GrantPush push, WireRecords records, ILogger logger, StepQuestions? steps)
{
    private const int MostWaiting = 16, LongestText = 253, LongestSentence = 1024, MostDevices = 256;

    private readonly Lock _gate = new();
    private readonly List<GrantRelease> _unwritten = []; // while the store does not take part
    private Task _work = Task.CompletedTask;
    private int _waiting;
    private bool _reconciles, _released;

    public void Take(FromAgent message)
    {
        switch (message.MessageCase)
        {
            case FromAgent.MessageOneofCase.GrantAsk:
                Queue(() => AskAsync(message.GrantAsk), message.GrantAsk.Ask);
                break;
            case FromAgent.MessageOneofCase.GrantRenewal:
                Queue(() => RenewAsync(message.GrantRenewal), message.GrantRenewal.Ask);
                break;
            case FromAgent.MessageOneofCase.GrantRelease:
                Queue(() => ReleaseAsync(message.GrantRelease), null);
                break;
            case FromAgent.MessageOneofCase.StepAsk when steps is null:
                session.Post(new FromAggregator { StepNews = new StepNews { Step = message.StepAsk.Step, Outcome = "not-possible", Says = ClusterOffer.NoCluster } });
                break;
            case FromAgent.MessageOneofCase.StepAsk:
                steps.Ask(message.StepAsk);
                break;
            case FromAgent.MessageOneofCase.StepStop when steps is not null:
                Queue(() => steps.StopAsync(message.StepStop), null);
                break;
            case FromAgent.MessageOneofCase.Taken when message.Taken.Grant.Length > 0:
                Queue(() => push.TakenAsync(session, message.Taken.Grant), null);
                break;
        }
    }

    /// <summary>What the node's journal says has changed. However often it is said, it is looked at once more.</summary>
    public void Reconcile()
    {
        lock (_gate)
        {
            if (_reconciles)
                return;
            _reconciles = true;
        }
        Queue(ReconcileAsync, null);
    }

    /// <summary>A sign of life of the node. A release that the store did not take is told to it again.</summary>
    /// <returns>True once after a release was written: it weighs on the budgets until the node is heard after it, and a node to which nothing happens says no more than that it lives.</returns>
    public bool Beat()
    {
        bool released;
        GrantRelease[] again;
        lock (_gate)
        {
            (released, _released) = (_released, false);
            again = [.. _unwritten];
            _unwritten.Clear();
        }
        foreach (var release in again)
            Queue(() => ReleaseAsync(release), null);
        return released;
    }

    /// <summary>After the stream's end: what was begun is ended.</summary>
    public async Task ClosedAsync()
    {
        push.Closed(session);
        Task work;
        lock (_gate)
            work = _work;
        await work;
        if (steps is not null)
            await steps.ClosedAsync();
    }

    private void Queue(Func<Task> act, ulong? ask)
    {
        lock (_gate)
        {
            if (_waiting < MostWaiting)
            {
                _waiting++;
                _work = RunAsync(_work, act);
                return;
            }
        }
        if (ask is { } number)
            Answer(number, "", GrantDecision.Denied($"{MostWaiting} questions of this node wait already.", TimeSpan.FromSeconds(10)));
    }

    private async Task RunAsync(Task before, Func<Task> act)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        try
        {
            await act();
        }
        catch (StoreException fault)
        {
            LogNotDone(session.Node, fault.Message);
        }
        catch (OperationCanceledException)
        {
            // The stream ended.
        }
        finally
        {
            lock (_gate)
                _waiting--;
        }
    }

    private async Task AskAsync(GrantAsk ask)
    {
        if (ask.Operation.Length is 0 or > LongestText || ask.Action.Length is 0 or > LongestText || WireWords.ScopeOf(ask.Scope) is not { } scope)
        {
            Answer(ask.Ask, ask.Operation, GrantDecision.Denied("The question cannot be understood: it needs an operation, an action, and a scope out of none, device and node."));
            return;
        }
        ImmutableArray<string> devices = [.. ask.Devices.Take(MostDevices).Select(device => TextPool.Cut(device, LongestText))];
        var problem = ask.Problem is { } key ? records.Key(key, new OwnNames(null)) : (ProblemKey?)null;
        Answer(ask.Ask, ask.Operation, await ledger.AskAsync(new GrantRequest(session.Node, ask.Operation, ask.Action, scope, devices, problem), session.Ended));
    }

    private async Task RenewAsync(GrantRenewal renewal) =>
        Answer(renewal.Ask, renewal.Operation, await ledger.RenewAsync(Holder(renewal.Operation, renewal.Grant, renewal.Fence), session.Ended));

    private async Task ReleaseAsync(GrantRelease release)
    {
        try
        {
            await ledger.ReleaseAsync(
                Holder(release.Operation, release.Grant, release.Fence), WireWords.OutcomeOf(release.Outcome), TextPool.Cut(release.Says, LongestSentence), CancellationToken.None);
        }
        catch (StoreException)
        {
            lock (_gate)
            {
                if (_unwritten.Count < MostWaiting)
                    _unwritten.Add(release);
            }
            throw;
        }
        lock (_gate)
            _released = true;
    }

    private async Task ReconcileAsync()
    {
        lock (_gate)
            _reconciles = false;
        var operations = view.Find(session.Node)?.Operations ?? [];
        await ledger.ReconcileAsync(session.Node, operations, session.Ended);
        if (steps is not null)
            await steps.ReconcileAsync(operations);
    }

    private GrantHolder Holder(string operation, string grant, ulong fence) => new(
        session.Node, TextPool.Cut(operation, LongestText), TextPool.Cut(grant, LongestText), fence > long.MaxValue ? 0 : (long)fence);

    private void Answer(ulong ask, string operation, GrantDecision decision) => session.Post(new FromAggregator
    {
        GrantAnswer = new Fleet.V1.GrantAnswer
        {
            Ask = ask,
            Operation = operation,
            Grant = decision.Outcome == GrantOutcome.Granted ? decision.Grant : "",
            Fence = (ulong)decision.Fence,
            LifetimeMilliseconds = (uint)Math.Clamp(decision.Lifetime.TotalMilliseconds, 0, uint.MaxValue),
            Why = decision.Why,
            RetryMilliseconds = (uint)Math.Clamp(decision.RetryAfter?.TotalMilliseconds ?? 0, 0, uint.MaxValue),
            AwaitsApproval = decision.Outcome == GrantOutcome.AwaitsApproval,
        },
    });

    [LoggerMessage(EventName = "GrantQuestions.NotDone", Level = LogLevel.Warning, Message = "What node {Node} said of its grants was not recorded: {Why} It ends by its lifetime, or is told again.")]
    private partial void LogNotDone(string node, string why);
}
