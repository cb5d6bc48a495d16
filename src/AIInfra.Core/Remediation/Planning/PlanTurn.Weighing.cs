using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Granting;
using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>What stands between a problem and its next rung.</summary>
internal sealed partial class PlanTurn
{
    /// <param name="open">The operation that is under way; null when there is none.</param>
    /// <param name="isTurn">Nothing else is next; else it waits for its turn where nothing worse stands in its way.</param>
    /// <param name="start">The first step, when it may be done now.</param>
    public ProblemPlan Weigh(Problem problem, Operation? open, bool isTurn, out Move? start)
    {
        start = null;
        if (open is not null && open.ProblemId == problem.Id && open.Subject == problem.Subject)
            return Describe(problem, open);
        if (now.Mode == RemediationMode.Off)
            return Say(problem, PlanState.NotNeeded, "remediation.mode is off.");
        if (!problem.IsHeadline)
            return Say(problem, PlanState.NotNeeded, $"follows from {problem.Incident!.Headline}.");
        if (policy.LadderFor(problem) is not { } ladder)
            return Say(problem, PlanState.NotNeeded, "no ladder of the policy takes it.");
        if (HoldsAll is { } hold)
            return Say(problem, PlanState.Blocked, hold, ladder);
        if (now.Released.Contains(problem.Subject))
            return Say(problem, PlanState.NeedsPerson, "a person has taken it from the agent (release).", ladder);
        if (open is { Last.NeedsPerson: true })
            return Say(problem, PlanState.NeedsPerson, $"it is not known what became of step {open.Last.Step.Id}; look, then approve {open.Id}.", ladder);
        return Answered(problem, ladder) ?? Timed(problem, ladder) ?? Climb(problem, ladder, isTurn, out start);
    }

    private ProblemPlan Describe(Problem problem, Operation open)
    {
        var last = open.Last;
        var plan = new ProblemPlan(problem.Id, problem.Subject, PlanState.UnderWay, "", open.Ladder, open.Rung, last.Step.Action, open.Id);
        if (last.NeedsPerson)
            return plan with { State = PlanState.NeedsPerson, Why = $"it is not known what became of step {last.Step.Id} ({last.Result!.Says}); look, then approve {open.Id}." };
        if (now.Mode == RemediationMode.Off)
            return plan with { State = PlanState.Blocked, Why = "remediation.mode is off; what was begun rests." };
        if (last.State == StepState.Intended)
            return plan with { Why = "its outcome is looked for." };
        if (last.State == StepState.Acted)
            return plan with { Why = "done; whether it helped is looked for." };
        if (HoldsAll is { } hold)
            return plan with { State = PlanState.Blocked, Why = hold };
        if (now.Mode != RemediationMode.On)
            return plan with { State = PlanState.Blocked, Why = "remediation.mode is dry-run; what was begun rests." };
        if (now.NotNow.TryGetValue(open.Id, out var notNow) && Wait(notNow.Until))
            return plan with { State = PlanState.Blocked, Why = notNow.Why, NotBefore = notNow.Until };
        if (!now.Blockers.IsEmpty)
            return plan with { State = PlanState.Blocked, Why = now.Blockers[0] };
        if (now.BootId.Length == 0)
            return plan with { State = PlanState.Blocked, Why = "the boot id cannot be read: what was done could not be proved." };
        if (now.Grant.Operation == open.Id && now.Grant.Refused is { } refused)
            return plan with { State = PlanState.Blocked, Why = refused, NotBefore = now.Grant.Until };
        if (last.Step.Action == NodeSteps.Uncordon)
            return plan with { State = PlanState.Waits, Why = $"the node could not be uncordoned ({last.Result?.Says}); it is tried again.", NotBefore = _time.After(last, UncordonRetry) };
        return plan with { Why = "its next step is due." };
    }

    /// <summary>It was mended, or it was seen in an earlier boot only.</summary>
    private ProblemPlan? Answered(Problem problem, Ladder ladder)
    {
        var earlier = history.For(problem.Id, problem.Subject);
        if (!earlier.IsEmpty && earlier[^1].Act is { Helped: true } act && SeenAt(problem).Last <= _time.Of(act, act.ClosedAt ?? act.IntendedAt))
            return act.Step.Action == NodeSteps.Drain
                ? Say(problem, PlanState.NeedsPerson, "the node is drained and waits for a person.", ladder)
                : Say(problem, PlanState.NotNeeded, $"{act.Step.Action} helped at {Show(act.ActedAt ?? act.IntendedAt)}, it was not seen since; it stands until it clears.", ladder);
        var isOfEarlierBoot = problem.BootId.Length > 0 && now.BootId.Length > 0 && problem.BootId != now.BootId && problem.Clearing.Kind != ClearingKind.ByHand;
        if (isOfEarlierBoot && !HasFailedSince(problem, ladder))
            return Say(problem, PlanState.Waits, "it was seen before this boot only: it must be seen again.", ladder);
        return null;
    }

    private ProblemPlan? Timed(Problem problem, Ladder ladder)
    {
        var since = SeenAt(problem).First;
        var due = (since > at ? at : since) + ladder.Persists;
        if (ladder.Persists > Age(since) && Wait(due))
            return Say(problem, PlanState.Waits, $"it must stand for {PolicyTime.Show(ladder.Persists)} first.", ladder) with { NotBefore = due };
        return null;
    }

    private ProblemPlan Climb(Problem problem, Ladder ladder, bool isTurn, out Move? start)
    {
        start = null;
        if (PastOf(problem, ladder).Choose(ladder, SeenAt(problem).First) is not { } place)
            return Say(problem, PlanState.NeedsPerson, $"every rung of {ladder.Name} was tried: it needs a person.", ladder);
        var rung = ladder.Rungs[place];
        var earlier = history.OnLadder(ladder.Name, problem.Subject);
        var operation = names.Of(problem, ladder.Name, place, earlier.IsEmpty ? "" : earlier[^1].Id);
        var plan = new ProblemPlan(problem.Id, problem.Subject, PlanState.Next, "", ladder.Name, place, rung.Action, operation);
        var isApproved = now.Approved.Contains(operation);
        if (Bounded(problem, ladder, rung, place) is { } bounded)
            return plan with { State = PlanState.Blocked, Why = bounded.Why, NotBefore = bounded.Until };
        if (Asking(problem, ladder, rung) is { } asks && !isApproved)
            return plan with { State = PlanState.NeedsApproval, Why = $"{asks} `aiinfra-agent approve {operation}` allows it once." };
        if (StandsInTheWay(problem, rung) is { } why)
            return plan with { State = PlanState.Blocked, Why = why };
        if (now.NotNow.TryGetValue(operation, out var notNow) && Wait(notNow.Until))
            return plan with { State = PlanState.Blocked, Why = notNow.Why, NotBefore = notNow.Until };
        if (rung.IsDisruptive && now.Grant.Operation == operation && now.Grant.Refused is { } refused && Wait(now.Grant.Until))
            return plan with { State = PlanState.Blocked, Why = refused, NotBefore = now.Grant.Until };
        if (!isTurn && now.Mode != RemediationMode.DryRun)
            return plan with { State = PlanState.Waits, Why = "waits for its turn: one thing is mended at a time." };
        start = First(problem, ladder, place, rung, operation);
        return now.Mode == RemediationMode.DryRun
            ? plan with { Why = $"{Steps(rung, start.Step!.Step.Action)} would be done (dry run).", Dry = Planned(operation, 0, problem.Id, problem.Subject, ladder.Name, place, rung.Action, rung, isRung: true) }
            : plan with { Why = $"{start.Step!.Step.Action} is next." };
    }

    /// <summary>All steps of the operation, in words.</summary>
    private static string Steps(Rung rung, string first) => first switch
    {
        NodeSteps.Cordon when rung.Action == NodeSteps.Drain => $"{NodeSteps.Cordon} and {NodeSteps.Drain}",
        NodeSteps.Cordon => $"{NodeSteps.Cordon}, {NodeSteps.Drain}, {rung.Action} and {NodeSteps.Uncordon}",
        NodeSteps.Drain when rung.Action != NodeSteps.Drain => $"{NodeSteps.Drain} of the device's pods and {rung.Action}",
        _ => rung.Action,
    };

    private Move First(Problem problem, Ladder ladder, int place, Rung rung, string operation)
    {
        var moves = now.Moves == PodMoves.Able;
        var action = moves && rung.Drain == DrainScope.Node ? NodeSteps.Cordon
            : moves && rung.Drain == DrainScope.Device && rung.Action != NodeSteps.Drain ? NodeSteps.Drain : rung.Action;
        var step = Planned(operation, 0, problem.Id, problem.Subject, ladder.Name, place, action, rung, isRung: action == rung.Action);
        return new Move(rung.IsDisruptive && !now.Grant.IsHeldFor(operation) ? MoveKind.Ask : MoveKind.Act, null, step);
    }

    private LadderPast PastOf(Problem problem, Ladder ladder)
    {
        var operations = history.OnLadder(ladder.Name, problem.Subject);
        if (operations.IsEmpty)
            return LadderPast.Nothing;
        if (!_pasts.TryGetValue((ladder.Name, problem.Subject), out var past))
            _pasts[(ladder.Name, problem.Subject)] = past = new LadderPast(ladder, operations, _time);
        return past;
    }

    private bool HasFailedSince(Problem problem, Ladder ladder) => PastOf(problem, ladder).HasFailedSince(SeenAt(problem).First);

    private (DateTimeOffset First, DateTimeOffset Last) SeenAt(Problem problem) => now.Sightings.GetValueOrDefault((problem.Id, problem.Subject), (problem.FirstSeen, problem.LastSeen));

    /// <summary>Rates and cooldowns.</summary>
    private (string Why, DateTimeOffset? Until)? Bounded(Problem problem, Ladder ladder, Rung rung, int place)
    {
        if (PastOf(problem, ladder).LastOn(place) is { } same && Cooling(same.First, rung.Cooldown) is { } cooled)
            return ($"{rung.Action} was tried at {Show(same.StartedAt)} and rests for {PolicyTime.Show(rung.Cooldown)}.", cooled);
        if (!rung.IsDisruptive)
            return null;
        if (_rate.Value?.Until is { } until)
            Wait(until);
        return _rate.Value;
    }

    private DateTimeOffset? Cooling(StepRecord start, TimeSpan rest)
    {
        if (_time.Since(start) >= rest)
            return null;
        var until = _time.After(start, rest);
        Wait(until);
        return until;
    }

    /// <summary>What only a person may decide; null when nothing is to be asked.</summary>
    private string? Asking(Problem problem, Ladder ladder, Rung rung)
    {
        if (rung.NeedsApproval)
            return $"{rung.Action} needs a person.";
        if (rung.IsDisruptive && now.NeedsPerson is { } person)
            return person;
        var repeats = history.For(problem.Id, problem.Subject).Count(operation => operation.IsAttempt && _time.Since(operation.First) < Day);
        if (repeats >= policy.Limits.RepeatsPerDay)
            return $"it was mended {repeats} times within a day and came back.";
        var age = Age(SeenAt(problem).Last);
        return age >= ladder.Expires && !HasFailedSince(problem, ladder) ? $"it was last seen {PolicyTime.Show(TimeSpan.FromMinutes((long)age.TotalMinutes))} ago." : null;
    }

    /// <summary>What on the node forbids it now; null when nothing does.</summary>
    private string? StandsInTheWay(Problem problem, Rung rung)
    {
        var isDevice = problem.Subject.Kind == SubjectKind.Device;
        if (rung.OnlyIdle && isDevice && now.Moves != PodMoves.NotNeeded && (now.Busy is null || now.Busy.Contains(problem.Subject.Id)))
            return now.Busy is null ? "it is not known whether a pod holds the device." : "a pod holds the device; it waits until that has ended.";
        if (!rung.IsDisruptive)
            return null;
        if (now.BootId.Length == 0)
            return "the boot id cannot be read: what was done could not be proved.";
        if (!policy.Windows.IsEmpty && !policy.Windows.Any(window => window.Holds(at)))
            return "no maintenance window is open.";
        if (!now.Blockers.IsEmpty)
            return now.Blockers[0];
        var isFree = rung.Drain == DrainScope.Device && isDevice && now.Busy?.Contains(problem.Subject.Id) == false; // nothing has to be moved; the action looks at its whole group
        if (rung.Drain != DrainScope.None && now.Moves == PodMoves.Unable && !isFree)
            return now.NoMoves ?? "nobody can move the pods.";
        if (rung.Drain == DrainScope.Node && now.WasUncordoned)
            return "somebody uncordoned the node after the agent had cordoned it: a person has the last word until the problem is over.";
        var unavailable = now.Unavailable.Count + (isDevice && now.Unavailable.Contains(problem.Subject.Id) ? 0 : 1);
        return isDevice && rung.Drain != DrainScope.Node ? NodeLimits.RefuseShare(policy.Limits, now.Devices, unavailable) : null;
    }

    private static ProblemPlan Say(Problem problem, PlanState state, string why, Ladder? ladder = null) => new(problem.Id, problem.Subject, state, why, ladder?.Name);

    internal static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
