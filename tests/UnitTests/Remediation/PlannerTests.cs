using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.UnitTests.Remediation;

public sealed class PlannerTests
{
    private readonly Planner _planner = new(TestActions.BuiltIn);
    private DateTimeOffset _at = TestActions.Start;
    private RemediationHistory _history = RemediationHistory.Empty;
    private PlanSnapshot _now = new() { Mode = RemediationMode.On, Problems = [], BootId = "boot-1", Moves = PodMoves.Able, Devices = 8, Busy = [] };

    [Fact]
    public void An_Xid_79_is_drained_rebooted_and_uncordoned_and_replaced_when_it_is_back_within_seven_days()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at)] };

        Assert.Equal("cordon", Do().Step.Action);
        Assert.Equal("drain", Do().Step.Action);
        var reboot = Do();
        Assert.Equal(("reboot", true), (reboot.Step.Action, reboot.IsRung));
        _now = _now with { BootId = "boot-2", Problems = [] };
        Assert.Equal("uncordon", Do().Step.Action);
        Assert.Null(Plan().Next);

        _at += TimeSpan.FromDays(3);
        _now = _now with { Problems = [TestActions.Xid79(_at, "boot-2")] };
        var plan = Plan().Problems.Single();
        Assert.Equal((PlanState.NeedsApproval, "request-replacement"), (plan.State, plan.Action));
        _now = _now with { Approved = [plan.Operation!] };
        Assert.Equal("request-replacement", Do().Step.Action);
    }

    [Fact]
    public void A_reset_that_did_not_help_goes_on_to_the_next_rung()
    {
        _now = _now with { Problems = [TestActions.Problem("nvidia.xid.95", Subject.Device("GPU-1"), SuggestedAction.ResetDevice, _at)] };

        Assert.Equal("drain", Do().Step.Action);
        Assert.Equal("reset-device", Do(helped: false).Step.Action);
        _at += TimeSpan.FromMinutes(11);
        Assert.Equal("cordon", Do().Step.Action);
        Assert.Equal("drain", Do().Step.Action);
        Assert.Equal("reboot", Do().Step.Action);
    }

    [Fact]
    public void An_unknown_outcome_stops_everything_until_a_person_has_looked()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at)] };
        _ = Do(ActionOutcome.Unknown);

        var plan = Plan();
        Assert.Null(plan.Next);
        Assert.Equal(PlanState.NeedsPerson, plan.Problems.Single().State);
    }

    [Fact]
    public void A_failed_drain_backs_out()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at)] };
        _ = Do();
        Assert.Equal("drain", Do(ActionOutcome.Failed).Step.Action);
        Assert.Equal("uncordon", Do().Step.Action);
        Assert.Equal(PlanState.NeedsApproval, Plan().Problems.Single().State); // the one attempt of the reboot is used
    }

    [Fact]
    public void A_drain_that_was_cut_short_goes_on_within_its_deadline_and_uses_no_attempt()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at)] };
        _ = Do();
        var first = Do(ActionOutcome.Failed, goesOn: true);
        _at += TimeSpan.FromMinutes(5);

        var again = Do();

        Assert.Equal(("drain", TimeSpan.FromMinutes(40), first.Step.Operation), (again.Step.Action, again.Step.Deadline, again.Step.Operation));
        Assert.NotEqual(first.Step.Id, again.Step.Id);
        Assert.Equal("reboot", Do().Step.Action);
    }

    [Fact]
    public void A_drain_that_is_cut_short_again_and_again_backs_out_and_so_does_one_whose_problem_is_over()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at)] };
        _ = Do();
        for (var time = 0; time < 5; time++, _at += TimeSpan.FromMinutes(20))
        {
            var drain = Do(ActionOutcome.Failed, goesOn: true);
            Assert.Equal("drain", drain.Step.Action);
            Assert.InRange(drain.Step.Deadline, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(45)); // a moment at least to look
        }
        Assert.Equal("uncordon", Do().Step.Action);

        (_history, _now) = (RemediationHistory.Empty, _now with { Problems = [TestActions.Xid79(_at)] });
        _ = Do();
        _ = Do(ActionOutcome.Failed, goesOn: true);
        _now = _now with { Problems = [] };
        Assert.Equal("uncordon", Do().Step.Action);
        Assert.Null(Plan().Next);
    }

    [Fact]
    public void A_problem_that_ends_before_the_act_gives_the_node_back()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at)] };
        _ = Do();
        _now = _now with { Problems = [] };

        Assert.Equal("uncordon", Do().Step.Action);
        Assert.Null(Plan().Next);
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { "off", "remediation.mode is off" }, { "journal", "journal lost" }, { "start", "view" }, { "pause", "paused by" }, { "released", "a person has taken it" },
        { "boot", "seen before this boot only" }, { "no-boot-id", "boot id cannot be read" }, { "old", "last seen" }, { "control-plane", "control plane" }, { "blocker", "pod x runs" },
        { "no-mover", "no account" }, { "uncordoned", "a person has the last word" }, { "grant", "refused by the lease" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Whatever_stands_in_the_way_is_said_and_nothing_is_done(string kind, string says)
    {
        var problem = TestActions.Xid79(_at);
        _now = _now with { Problems = [problem] };
        var first = Plan().Next!.Step!.Step;
        _now = kind switch
        {
            "off" => _now with { Mode = RemediationMode.Off },
            "journal" => _now with { JournalFault = "journal lost." },
            "start" => _now with { Incomplete = "the view is not complete." },
            "pause" => _now with { Paused = "paused by root." },
            "released" => _now with { Released = [problem.Subject] },
            "boot" => _now with { BootId = "boot-2" },
            "no-boot-id" => _now with { BootId = "" },
            "control-plane" => _now with { NeedsPerson = "this is a control plane node." },
            "blocker" => _now with { Blockers = ["pod x runs."] },
            "no-mover" => _now with { Moves = PodMoves.Unable, NoMoves = "no account." },
            "uncordoned" => _now with { WasUncordoned = true },
            "grant" => _now with { Grant = new GrantState(first.Operation, "refused by the lease.", _at.AddMinutes(1)) },
            _ => _now,
        };
        if (kind == "old")
            _at += TimeSpan.FromDays(2);

        var plan = Plan();
        Assert.Null(plan.Next);
        Assert.Contains(says, plan.Problems.Single().Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_clock_that_goes_back_shortens_no_cooldown()
    {
        _now = _now with { Problems = [TestActions.Xid79(_at), TestActions.Problem("nvidia.xid.95", Subject.Device("GPU-1"), SuggestedAction.ResetDevice, _at)] };
        _ = Do();
        _ = Do();
        _ = Do(); // the reboot
        _now = _now with { Problems = [_now.Problems[1] with { FirstSeen = _at.AddDays(-1), LastSeen = _at.AddDays(-1) }] };
        _ = Do(); // uncordon
        _at -= TimeSpan.FromDays(1);

        Assert.Null(Plan().Next);
    }

    private Plan Plan() => _planner.Decide(_now, _history, _at);

    /// <summary>Grants what is asked, does the next step and closes it.</summary>
    private PlannedStep Do(ActionOutcome outcome = ActionOutcome.Done, bool helped = true, bool goesOn = false)
    {
        var next = Plan().Next!;
        if (next.Kind == MoveKind.Ask)
        {
            _now = _now with { Grant = new GrantState(next.Step!.Step.Operation, null, default) };
            next = Plan().Next!;
        }
        Assert.Equal(MoveKind.Act, next.Kind);
        var step = next.Step!;
        _history = _history.With(new StepRecord
        {
            Step = step.Step,
            Ladder = step.Ladder,
            Rung = step.Rung,
            State = StepState.Closed,
            IntendedAt = _at,
            ActedAt = _at,
            ClosedAt = _at,
            Result = new ActionResult(outcome, "says") { GoesOn = goesOn },
            Helped = step.IsRung ? helped : null,
            IsRung = step.IsRung,
            IsDisruptive = step.IsDisruptive,
        });
        return step;
    }
}
