using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation.Granting;
using AIInfra.Core.Remediation.Journal;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using AIInfra.Core.Remediation.Verification;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Remediation.Engine;

/// <param name="Mode">Off: nothing is planned. Dry run: it is said what would be done.</param>
/// <param name="Policy">Checked.</param>
public sealed record RemediationOptions(RemediationMode Mode, RemediationPolicy Policy);

/// <summary>What the engine acts with.</summary>
/// <param name="Grants">Asked after the node's own limits, in order.</param>
/// <param name="Evidence">Keeps what a step would destroy, and says where; null: there is none.</param>
/// <param name="Random">From 0 to 1, for what all nodes would do at the same time; null: the usual one.</param>
public sealed record EngineParts(
    HealthBoard Health, RemediationJournal Journal, RemediationOrders Orders, RemediationBoard Board, FrozenDictionary<string, IRemediationAction> Actions, ImmutableArray<IGrants> Grants,
    Func<ActionStep, CancellationToken, Task<string?>> Evidence, Func<double>? Random = null);

/// <summary>The one part that acts. Each turn looks at the node, has the next step planned, and takes it: permission, evidence, intent on the disk, act, outcome, verification.
/// One step at a time; what was not settled before is settled first.</summary>
public sealed partial class RemediationEngine : IWorker
{
    /// <summary>Name of the part in /readyz.</summary>
    public const string Part = "remediation";

    /// <summary>Between two turns, however fast problems come.</summary>
    private static readonly TimeSpan LeastBetween = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Verifying = TimeSpan.FromSeconds(1), Waiting = TimeSpan.FromSeconds(5), Idle = TimeSpan.FromSeconds(30), Recovering = TimeSpan.FromSeconds(2);

    /// <summary>Steps of one turn: more only where something goes round, and then it rests.</summary>
    private const int MostMoves = 16;

    private readonly RemediationOptions _options;
    private readonly EngineParts _parts;
    private readonly NodeOutlook _outlook;
    private readonly Verifier _verifier;
    private readonly TimeProvider _time;
    private readonly Planner _planner;
    private readonly StepResolver _resolver;
    private readonly RemediationTeller _teller;
    private readonly GrantBook _grants;
    private readonly HashSet<string> _dry = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _impossible = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long At, TimeSpan For, string Why)> _notNow = new(StringComparer.Ordinal); // by operation
    private string? _asked; // the device that permission is asked for
    private long? _recovered;

    internal RemediationEngine(RemediationOptions options, EngineParts parts, NodeOutlook outlook, Verifier verifier, TimeProvider time, ILogger logger)
    {
        (_options, _parts, _outlook, _verifier, _time) = (options, parts, outlook, verifier, time);
        _planner = new Planner(options.Policy);
        _resolver = new StepResolver(parts.Journal, parts.Actions, time);
        _teller = new RemediationTeller(parts.Board, time, logger);
        _grants = new GrantBook([new LocalGrants(options.Policy.Limits, _ => outlook.Limits(_asked)), .. parts.Grants], parts.Random ?? Random.Shared.NextDouble, time);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var (health, orders, started) = (_parts.Health.Current.Value, _parts.Orders.Changed.Value, _time.GetTimestamp());
                var wait = await TurnAsync(cancellationToken);
                using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(
                    _parts.Health.Current.WaitForChangeAsync(health, woken.Token), _parts.Orders.Changed.WaitForChangeAsync(orders, woken.Token), Task.Delay(wait, _time, woken.Token));
                await woken.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
                if (LeastBetween - _time.GetElapsedTime(started) is var rest && rest > TimeSpan.Zero)
                    await Task.Delay(rest, _time, cancellationToken);
            }
        }
        finally
        {
            if (_parts.Journal.History.Open is null) // else the node is in the midst of it, a boot for example: nobody else may begin
                await _grants.ReleaseAsync();
        }
    }

    /// <summary>Goes as far as it can be gone now.</summary>
    /// <returns>When it is worth looking again, if nothing happens before.</returns>
    internal async Task<TimeSpan> TurnAsync(CancellationToken cancellationToken)
    {
        while (_parts.Orders.TryTake(out var looked))
            looked.Done.TrySetResult(await _parts.Journal.AcknowledgeAsync(looked.Operation));
        await RecoverAsync();
        for (var move = 0; move < MostMoves; move++)
        {
            var (now, plan, at) = Decide();
            await ReleaseAsync(plan);
            if (now.Mode == RemediationMode.DryRun)
                await TellDryAsync(plan, cancellationToken);
            switch (plan.Next)
            {
                case { Kind: MoveKind.Resolve }:
                    await ResolveAsync(cancellationToken);
                    break;
                case { Kind: MoveKind.Verify, Open: { } acted }:
                    if (!await VerifyAsync(acted, now.Incomplete, cancellationToken))
                        return Verifying;
                    break;
                case { Kind: MoveKind.Ask, Step: { } step } when now.Mode == RemediationMode.On:
                    await AskAsync(step, cancellationToken);
                    break;
                case { Kind: MoveKind.Act, Step: { } step } when now.Mode == RemediationMode.On:
                    await ActAsync(step, cancellationToken);
                    break;
                default:
                    return now.Incomplete is not null && now.Mode != RemediationMode.Off ? Verifying : Until(plan, at); // armed as soon as it can be
            }
        }
        return Waiting;
    }

    private (PlanSnapshot Now, Plan Plan, DateTimeOffset At) Decide()
    {
        var time = _outlook.Now();
        var now = _outlook.Look(time, _grants.State, NotNow(time.At));
        var plan = _planner.Decide(now, _parts.Journal.History, time.At);
        _teller.Planned(now, plan, _parts.Journal.History);
        return (now, plan, time.At);
    }

    /// <summary>What was found not possible a moment ago. Counted by the clock that nobody sets.</summary>
    private ImmutableDictionary<string, (DateTimeOffset Until, string Why)> NotNow(DateTimeOffset at)
    {
        if (_notNow.Count == 0)
            return ImmutableDictionary<string, (DateTimeOffset, string)>.Empty;
        foreach (var over in _notNow.Where(entry => _time.GetElapsedTime(entry.Value.At) >= entry.Value.For).Select(entry => entry.Key).ToList())
            _notNow.Remove(over);
        return _notNow.ToImmutableDictionary(entry => entry.Key, entry => (at + entry.Value.For - _time.GetElapsedTime(entry.Value.At), entry.Value.Why), StringComparer.Ordinal);
    }

    /// <summary>What blocks may go away without a word to the engine: pods, files, leases, the journal's disk.</summary>
    private static TimeSpan Until(Plan plan, DateTimeOffset at)
    {
        var wait = plan.Problems.Any(problem => problem is { State: PlanState.Blocked, NotBefore: null }) ? Verifying
            : plan.Problems.Any(problem => problem.State != PlanState.NotNeeded) ? Waiting : Idle;
        return plan.WakeAt is { } wake && wake - at < wait ? (wake > at ? wake - at : TimeSpan.Zero) + TimeSpan.FromMilliseconds(1) : wait;
    }

    private async Task RecoverAsync()
    {
        if (_options.Mode == RemediationMode.Off || _parts.Journal.Fault is null || (_recovered is { } last && _time.GetElapsedTime(last) < Recovering))
            return;
        await _parts.Journal.RecoverAsync();
        _recovered = _time.GetTimestamp();
    }

    private async Task ResolveAsync(CancellationToken cancellationToken)
    {
        var open = _parts.Journal.History.Records.Where(record => record.State == StepState.Intended).Select(record => record.Step.Id).ToHashSet(StringComparer.Ordinal);
        await _resolver.ResolveAsync(cancellationToken);
        foreach (var record in _parts.Journal.History.Records.Where(record => open.Contains(record.Step.Id) && record.Result is not null))
            _teller.Ended(record);
    }

    /// <returns>False while there is no verdict.</returns>
    private async Task<bool> VerifyAsync(StepRecord acted, string? incomplete, CancellationToken cancellationToken)
    {
        if (await _verifier.LookAsync(acted, incomplete, cancellationToken) is not { } verdict)
            return false;
        var closed = acted with { State = StepState.Closed, ClosedAt = _time.GetUtcNow(), Helped = verdict.Kind == VerdictKind.Good, Verified = verdict.Says };
        await _parts.Journal.RecordAsync(closed);
        _teller.Verified(closed);
        return true;
    }

    /// <summary>Whoever grants is asked only for what can be done: it may be a server that all nodes ask.</summary>
    private async Task AskAsync(PlannedStep planned, CancellationToken cancellationToken)
    {
        var (preparation, step, isRungs) = await PrepareAsync(planned, cancellationToken);
        if (preparation.WhyNot is { } whyNot)
        {
            await NotPossibleAsync(planned with { Step = step }, whyNot, isRungs);
            return;
        }
        _asked = planned.Step.Subject.Kind == SubjectKind.Device ? planned.Step.Subject.Id : null;
        if (await _grants.AskAsync(new GrantRequest(planned.Step.Operation, planned.Step.Action, planned.Step.Drain) { ProblemId = planned.Step.ProblemId, Subject = planned.Step.Subject }, cancellationToken) is { } refused)
            _teller.NotAttempted(planned, refused);
    }

    /// <summary>What is held for an operation that is over, or cannot go on before it began, is given back.</summary>
    private async Task ReleaseAsync(Plan plan)
    {
        if (_grants.HeldFor is { } held && _parts.Journal.History.Open?.Id != held && plan.Next?.Step?.Step.Operation != held)
            await _grants.ReleaseAsync();
    }

    private async Task TellDryAsync(Plan plan, CancellationToken cancellationToken)
    {
        foreach (var problem in plan.Problems.Where(problem => problem.Dry is not null && _dry.Add(problem.Operation!)).ToList())
        {
            var (preparation, _, _) = await PrepareAsync(problem.Dry!, cancellationToken);
            _teller.WouldDo(problem, preparation.WhyNot, preparation.Victims);
        }
    }
}
