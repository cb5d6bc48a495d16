using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Granting;
using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>One look of the planner: the open operation goes on, or a problem's next rung is weighed against every limit.</summary>
internal sealed partial class PlanTurn(RemediationPolicy policy, PlanSnapshot now, RemediationHistory history, DateTimeOffset at, OperationNames names)
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1), UncordonRetry = TimeSpan.FromMinutes(1), NodeStepDeadline = TimeSpan.FromMinutes(1), LeastOfAStep = TimeSpan.FromMinutes(1);

    private readonly PlanTime _time = new(at, now.BootId, now.Uptime);
    private readonly Dictionary<(string Ladder, Subject Subject), LadderPast> _pasts = [];
    private readonly Lazy<(string Why, DateTimeOffset? Until)?> _rate = new(() => NodeLimits.RefuseRate(policy.Limits, history, "", new PlanTime(at, now.BootId, now.Uptime)));

    /// <summary>The soonest moment at which a reason ends by itself.</summary>
    public DateTimeOffset? WakeAt { get; private set; }

    /// <summary>The next step of an operation that was begun.</summary>
    /// <returns>Null while it waits; the reason stands with its problem.</returns>
    public Move? Continue(Operation open)
    {
        if (open.Last.NeedsPerson || now.Mode == RemediationMode.Off)
            return null;
        if (open.Last.State == StepState.Intended)
            return new Move(MoveKind.Resolve, open.Last, null); // looking for proof is no act: also while paused
        if (open.Last.State == StepState.Acted)
            return new Move(MoveKind.Verify, open.Last, null);
        if (HoldsAll is not null || now.Mode != RemediationMode.On || (now.NotNow.TryGetValue(open.Id, out var notNow) && Wait(notNow.Until)))
            return null;
        if (open.Then == Follow.Uncordon || (open.Then is Follow.Forward or Follow.Again && ReasonToBackOut(open) is not null))
            return open.Last.Step.Action == NodeSteps.Uncordon && Wait(_time.After(open.Last, UncordonRetry)) ? null : Node(open, NodeSteps.Uncordon);
        if (policy.Find(open.Ladder) is not { } ladder || ladder.Rungs.Length <= open.Rung)
            return Node(open, NodeSteps.Uncordon); // the policy changed meanwhile
        var rung = ladder.Rungs[open.Rung];
        if (rung.IsDisruptive && (!now.Blockers.IsEmpty || now.BootId.Length == 0))
            return null;
        var isDrained = rung.Drain == DrainScope.None || rung.Action == NodeSteps.Drain || (open.Last.Step.Action == NodeSteps.Drain && open.Then != Follow.Again);
        var step = isDrained ? Act(open, rung) : Node(open, NodeSteps.Drain, rung).Step!;
        if (open.Then == Follow.Again)
            step = step with { Step = step.Step with { Deadline = LeftOf(open, rung) } };
        return rung.IsDisruptive && !now.Grant.IsHeldFor(open.Id) ? Ask(step) : new Move(MoveKind.Act, null, step);
    }

    /// <summary>Of a step that was cut short: what is left of its time, and a moment at least to see how far it has come.</summary>
    private TimeSpan LeftOf(Operation open, Rung rung)
    {
        var left = rung.Deadline - _time.Since(open.Steps.First(step => step.Step.Action == open.Last.Step.Action));
        return left > LeastOfAStep ? left : LeastOfAStep < rung.Deadline ? LeastOfAStep : rung.Deadline;
    }

    /// <summary>The node is given back when nothing needs it empty any more. No limit stands in the way of that.</summary>
    public Move? Release(IEnumerable<ProblemPlan> plans)
    {
        if (history.Open is not null || history.CordonedBy is not { } cordon || now.Mode != RemediationMode.On || HoldsAll is not null)
            return null;
        if (plans.Any(plan => plan.ProblemId == cordon.Step.ProblemId && plan.Subject == cordon.Step.Subject && plan.State != PlanState.NotNeeded))
            return null;
        var operation = history.Operations.Last(operation => operation.Id == cordon.Step.Operation);
        return Node(operation, NodeSteps.Uncordon);
    }

    /// <summary>What holds every step back, as a sentence; null when nothing does.</summary>
    private string? HoldsAll => now.JournalFault ?? now.Incomplete ?? now.Paused;

    /// <summary>Why an operation that has not acted yet must not: null when it may.</summary>
    private string? ReasonToBackOut(Operation open)
    {
        if (now.WasUncordoned && open.Steps.Any(step => step.Step.Action == NodeSteps.Cordon))
            return "somebody uncordoned the node: a person has the last word.";
        return now.Problems.Any(problem => problem.Id == open.ProblemId && problem.Subject == open.Subject) ? null : "the problem is over.";
    }

    private Move? Ask(PlannedStep step)
    {
        if (now.Grant.Operation == step.Step.Operation && now.Grant.Refused is not null && Wait(now.Grant.Until))
            return null;
        return new Move(MoveKind.Ask, null, step);
    }

    private PlannedStep Act(Operation open, Rung rung) => Planned(open.Id, open.Steps.Length, open.ProblemId, open.Subject, open.Ladder, open.Rung, rung.Action, rung, isRung: true);

    private Move Node(Operation open, string action, Rung? rung = null) => new(MoveKind.Act, null,
        Planned(open.Id, open.Steps.Length, open.ProblemId, open.Subject, open.Ladder, open.Rung, action, rung, isRung: false));

    private PlannedStep Planned(string operation, int number, string problem, Subject subject, string ladder, int place, string action, Rung? rung, bool isRung) => new(
        new ActionStep
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{operation}-{number}"),
            Operation = operation,
            Action = action,
            Arguments = isRung ? rung!.Arguments : action is NodeSteps.Cordon or NodeSteps.Drain ? DrainArguments(rung) : [],
            Subject = subject,
            ProblemId = problem,
            Drain = rung?.Drain ?? DrainScope.None,
            Deadline = isRung || action == NodeSteps.Drain ? rung!.Deadline : NodeStepDeadline,
            BootId = now.BootId,
        }, ladder, place, isRung, IsDisruptive: action != NodeSteps.Uncordon && (rung?.IsDisruptive ?? false));

    /// <summary>A cordon has them too: it looks whether the drain after it can be done.</summary>
    private ImmutableArray<string> DrainArguments(Rung? rung) => rung?.Action == NodeSteps.Drain ? rung.Arguments : policy.DrainArguments;

    /// <summary>True while the moment has not come.</summary>
    private bool Wait(DateTimeOffset until)
    {
        if (until <= at)
            return false;
        WakeAt = WakeAt is { } other && other < until ? other : until;
        return true;
    }

    private TimeSpan Age(DateTimeOffset then) => _time.Since(then);
}
