using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.UnitTests.Remediation;

/// <summary>What a part around the planner may do wrong. The model must notice each.</summary>
public enum Planted { Nothing, OffByOneBudget, LostJournalSync, StaleBootId, RepeatAfterCrash, CooldownIgnored, ExpiredGrant, ForeignUncordon }

/// <summary>One random history of a node: faults come and go, steps succeed, fail or are cut by a crash, people cordon. Says what was broken; null for nothing.</summary>
internal sealed class PlannerModel(int seed, Planted planted)
{
    private static readonly RemediationPolicy Policy = TestActions.BuiltIn with { Limits = new PolicyLimits { Disruptive = 3, DisruptiveWindow = TimeSpan.FromDays(2) } };

    private readonly Random _random = new(seed);
    private readonly Planner _planner = new(Given(planted));
    private readonly HashSet<string> _acted = [];
    private readonly List<(DateTimeOffset At, string Operation, string Key, TimeSpan Cooldown, bool IsDisruptive)> _starts = [];
    private DateTimeOffset _at = TestActions.Start, _grantEnds;
    private RemediationHistory _history = RemediationHistory.Empty;
    private ImmutableArray<Problem> _problems = [];
    private GrantState _grant = GrantState.None;
    private int _boot = 1;
    private bool _isCordoned, _isOurs;

    public string? Run()
    {
        for (var tick = 0; tick < 40; tick++)
        {
            _at += TimeSpan.FromMinutes(_random.Next(1, 90));
            Disturb();
            for (var steps = 0; steps < 6; steps++)
            {
                var now = Snapshot();
                var plan = _planner.Decide(now, _history, _at);
                if (plan.Problems.Length != _problems.Length || plan.Problems.Any(problem => problem.Why.Length == 0))
                    return "a problem without a reason";
                if (plan.Next is null)
                {
                    if (plan.Problems.FirstOrDefault(problem => problem.State == PlanState.Next || (problem.State == PlanState.UnderWay && _grant.Refused is null)) is { } stuck)
                        return $"neither acts nor says why: {stuck}";
                    break;
                }
                if (Apply(plan.Next) is { } broken)
                    return broken;
            }
        }
        return null;
    }

    private static RemediationPolicy Given(Planted planted) => planted switch
    {
        Planted.OffByOneBudget => Policy with { Limits = Policy.Limits with { Disruptive = Policy.Limits.Disruptive + 1 } },
        Planted.CooldownIgnored => Policy with
        {
            Limits = Policy.Limits with { Spacing = TimeSpan.Zero },
            Ladders = [.. Policy.Ladders.Select(ladder => ladder with { Rungs = [.. ladder.Rungs.Select(rung => rung with { Cooldown = TimeSpan.Zero })] })],
        },
        _ => Policy,
    };

    private void Disturb()
    {
        if (_random.Next(3) == 0)
        {
            var device = $"GPU-{_random.Next(3)}";
            var problem = _random.Next(4) switch
            {
                0 => TestActions.Problem("nvidia.xid.79", Subject.Device(device), SuggestedAction.Reboot, _at, $"boot-{_boot}"),
                1 => TestActions.Problem("nvidia.xid.95", Subject.Device(device), SuggestedAction.ResetDevice, _at, $"boot-{_boot}"),
                2 => TestActions.Problem("node.service", new Subject(SubjectKind.Unit, "kubelet.service"), SuggestedAction.RestartService, _at, $"boot-{_boot}"),
                _ => TestActions.Problem("node.bad", Subject.Node, SuggestedAction.Drain, _at, $"boot-{_boot}"),
            };
            var at = _problems.ToList().FindIndex(other => other.Id == problem.Id && other.Subject == problem.Subject);
            _problems = at < 0 ? _problems.Add(problem) : _problems.SetItem(at, _problems[at] with { LastSeen = _at, BootId = $"boot-{_boot}" });
        }
        if (!_problems.IsEmpty && _random.Next(5) == 0)
            _problems = _problems.RemoveAt(_random.Next(_problems.Length));
        if (!_isCordoned && _random.Next(10) == 0)
            (_isCordoned, _isOurs) = (true, false); // a person
        if (_isCordoned && !_isOurs && _random.Next(10) == 0)
            _isCordoned = false;
    }

    private PlanSnapshot Snapshot()
    {
        var isExpired = _grant.Operation.Length > 0 && _grant.Refused is null && _at >= _grantEnds;
        return new PlanSnapshot
        {
            Mode = RemediationMode.On,
            Problems = _problems,
            BootId = $"boot-{_boot}",
            Moves = PodMoves.Able,
            Devices = 3,
            Busy = [],
            Grant = isExpired && planted != Planted.ExpiredGrant ? GrantState.None : _grant,
            Approved = [],
        };
    }

    private string? Apply(Move move)
    {
        switch (move.Kind)
        {
            case MoveKind.Ask:
                var isGranted = _random.Next(4) > 0;
                _grant = new GrantState(move.Step!.Step.Operation, isGranted ? null : "another node holds it.", _at.AddMinutes(30));
                _grantEnds = _at.AddMinutes(30);
                return null;
            case MoveKind.Resolve:
                return Resolve(move.Open!);
            case MoveKind.Verify:
                var helped = _random.Next(3) > 0;
                if (helped)
                    _problems = _problems.RemoveAll(problem => problem.Id == move.Open!.Step.ProblemId && problem.Subject == move.Open.Step.Subject);
                _history = _history.With(move.Open! with { State = StepState.Closed, ClosedAt = _at, Helped = helped });
                return null;
            default:
                return Act(move.Step!);
        }
    }

    private string? Act(PlannedStep planned)
    {
        var step = planned.Step;
        if (Breach(planned) is { } broken)
            return broken;
        var before = _history;
        var record = new StepRecord
        {
            Step = step with { Proof = new ActionProof(ProofKind.BootId, $"boot-{_boot}") },
            Ladder = planned.Ladder,
            Rung = planned.Rung,
            State = StepState.Intended,
            IntendedAt = _at,
            IsRung = planned.IsRung,
            IsDisruptive = planned.IsDisruptive,
        };
        _history = _history.With(record);
        var isCrash = _random.Next(8) == 0;
        if (isCrash && _random.Next(2) == 0)
            return AfterCrash(before); // before the act
        if (!_acted.Add(step.Id))
            return $"step {step.Id} ({step.Action}) was done twice";
        var succeeds = _random.Next(5) > 0;
        if (succeeds && Happens(step) is { } wrong)
            return wrong;
        if (isCrash || (succeeds && step.Action == "reboot"))
            return AfterCrash(before);
        Close(record, succeeds ? ActionResult.Done("done") : ActionResult.Failed("failed"));
        return null;
    }

    /// <summary>What the world outside does.</summary>
    private string? Happens(ActionStep step)
    {
        if (step.Action == "reboot")
            _boot++;
        if (step.Action == NodeSteps.Cordon && !_isCordoned)
            (_isCordoned, _isOurs) = (true, true);
        if (step.Action == NodeSteps.Uncordon && _isCordoned)
        {
            if (_isOurs)
                _isCordoned = _isOurs = false;
            else if (planted == Planted.ForeignUncordon)
                return "took back a cordon that another set";
        }
        return null;
    }

    private string? AfterCrash(RemediationHistory before)
    {
        if (planted == Planted.LostJournalSync)
            _history = before;
        _grant = GrantState.None; // it was held in memory
        return null;
    }

    private string? Resolve(StepRecord open)
    {
        if (planted == Planted.RepeatAfterCrash)
        {
            _history = new([.. _history.Records.Where(record => record != open)]); // as if it had not been begun
            return null;
        }
        var seen = planted == Planted.StaleBootId ? open.Step.Proof.Before : $"boot-{_boot}";
        var hasBooted = seen != open.Step.Proof.Before;
        var happened = _acted.Contains(open.Step.Id);
        if (open.Step.Action == "reboot" && !hasBooted && $"boot-{_boot}" != open.Step.Proof.Before)
            return "a boot that happened was not seen";
        if (open.Step.Action == "reboot")
            Close(open, hasBooted ? ActionResult.Done("booted") : ActionResult.Unknown("no proof"));
        else if (open.Step.Action is NodeSteps.Cordon or NodeSteps.Uncordon)
            Close(open, happened ? ActionResult.Done("it is so") : ActionResult.Failed("it is not so"));
        else
            Close(open, ActionResult.Unknown("no proof"));
        if (_history.Open?.Last is { NeedsPerson: true } unknown && _random.Next(2) == 0)
            _history = _history.With(unknown with { IsAcknowledged = true, State = StepState.Closed, ClosedAt = _at, Helped = unknown.IsRung ? false : null });
        return null;
    }

    private void Close(StepRecord record, ActionResult result) => _history = _history.With(record with
    {
        Result = result,
        ActedAt = _at,
        State = record.IsRung && result.Outcome == ActionOutcome.Done ? StepState.Acted : StepState.Closed,
        ClosedAt = _at,
        Helped = record.IsRung && result.Outcome == ActionOutcome.Failed ? false : null,
    });

    /// <summary>The limits, counted from what was really begun, by the policy that the operator wrote.</summary>
    private string? Breach(PlannedStep planned)
    {
        var step = planned.Step;
        if (planned.IsDisruptive && !(_grant.IsHeldFor(step.Operation) && _at < _grantEnds))
            return $"{step.Action} without a grant that holds";
        if (step.Action == NodeSteps.Uncordon || _starts.Any(start => start.Operation == step.Operation))
            return null;
        var ladder = Policy.Find(planned.Ladder)!;
        var rung = ladder.Rungs[planned.Rung];
        var key = $"{ladder.Name} {planned.Rung} {step.Subject}";
        var same = _starts.Where(start => start.Key == key).ToList();
        if (same.Count > 0 && _at - same[^1].At < rung.Cooldown)
            return $"cooldown of {key}";
        if (same.Count(start => _at - start.At < ladder.Window) >= rung.Attempts)
            return $"attempts of {key}";
        var disruptive = _starts.Where(start => start.IsDisruptive).ToList();
        if (rung.IsDisruptive && disruptive.Count(start => _at - start.At < Policy.Limits.DisruptiveWindow) >= Policy.Limits.Disruptive)
            return "the budget of disruptive operations";
        if (rung.IsDisruptive && disruptive.Count > 0 && _at - disruptive[^1].At < Policy.Limits.Spacing)
            return "the spacing of disruptive operations";
        _starts.Add((_at, step.Operation, key, rung.Cooldown, rung.IsDisruptive));
        return null;
    }
}

public sealed class PlannerModelTests
{
    [Fact]
    public void Ten_thousand_histories_break_no_limit_do_nothing_twice_and_always_act_or_say_why()
    {
        for (var seed = 0; seed < 10_000; seed++)
            Assert.True(new PlannerModel(seed, Planted.Nothing).Run() is not { } broken, $"seed {seed}: {new PlannerModel(seed, Planted.Nothing).Run()}");
    }

    [Theory]
    [InlineData(Planted.OffByOneBudget, "budget")]
    [InlineData(Planted.LostJournalSync, "twice")]
    [InlineData(Planted.StaleBootId, "not seen")]
    [InlineData(Planted.RepeatAfterCrash, "twice")]
    [InlineData(Planted.CooldownIgnored, "cool")]
    [InlineData(Planted.ExpiredGrant, "without a grant")]
    [InlineData(Planted.ForeignUncordon, "another")]
    public void A_planted_bug_is_caught(Planted bug, string says)
    {
        var caught = Enumerable.Range(0, 3000).Select(seed => new PlannerModel(seed, bug).Run()).FirstOrDefault(broken => broken?.Contains(says, StringComparison.Ordinal) == true);
        Assert.NotNull(caught);
    }
}
