using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Agent.Control;

/// <summary>Remediation through the control socket: what it does, and what a person tells it.</summary>
internal sealed class RemediationControl(RemediationBoard board, RemediationOrders orders, StepProgress progress, HostPaths host, TimeProvider time)
{
    private const int MostSteps = 100;
    private static readonly TimeSpan LongestPause = TimeSpan.FromDays(90), EnginePatience = TimeSpan.FromSeconds(20);

    private readonly string _bootId = host.ReadBootId();

    public RemediationStatus Status()
    {
        var view = board.Current.Value;
        var doing = view.Doing is { } step ? $"{step.Step.Action} on {step.Step.Subject} since {step.IntendedAt.UtcDateTime:HH:mm:ss}Z{(progress.Of(step.Step.Id) is { } says ? $": {says}" : "")}" : null;
        var planned = view.Plan.Problems.Where(plan => plan.State != PlanState.NotNeeded).ToList();
        return new RemediationStatus(
            view.Now.Mode, view.Now.Mode == RemediationMode.Off ? null : view.Held?.Why, doing, view.History.Open?.Id,
            planned.Count(plan => plan.State is PlanState.NeedsApproval or PlanState.NeedsPerson), planned.Count);
    }

    public ActionsReport Actions()
    {
        var view = board.Current.Value;
        return new ActionsReport(
            Status(), [.. view.Plan.Problems.Where(plan => plan.Ladder is not null).Select(plan => Planned(view, plan))],
            [.. view.History.Records.TakeLast(MostSteps).Select(Line)]);
    }

    /// <summary>What is planned about a problem, as a sentence; null where nothing is.</summary>
    public ILookup<(string Problem, string Subject), string> Plans() => board.Current.Value.Plan.Problems.Where(plan => plan.Ladder is not null)
        .ToLookup(plan => (plan.ProblemId, plan.Subject.ToString()), plan => $"{Word(plan.State)}: {plan.Why}");

    public async Task<CommandAnswer> PauseAsync(PauseRequest request)
    {
        if (board.Current.Value.Now.Mode == RemediationMode.Off)
            return new CommandAnswer(false, "remediation.mode is off: there is nothing to pause.", []);
        if (request.Seconds is { } seconds && (seconds < 1 || seconds > LongestPause.TotalSeconds))
            return new CommandAnswer(false, $"A pause lasts from 1 s to {LongestPause.TotalDays:0} days; leave its time out to pause until `aiinfra-agent resume`.", []);
        var length = request.Seconds is { } given ? TimeSpan.FromSeconds(given) : (TimeSpan?)null;
        var unsaved = await orders.PauseAsync(Now(), length, request.Why is { Length: <= 400 } why ? why : "");
        var doing = board.Current.Value.Doing is { } step ? [$"{step.Step.Action} on {step.Step.Subject} is under way and is brought to its end."] : (IEnumerable<string>)[];
        return new CommandAnswer(true, $"Nothing is begun {(length is { } span ? $"before {PlanText(time.GetUtcNow() + span)}" : "until `aiinfra-agent resume`")}.", [.. doing, .. Unsaved(unsaved)]);
    }

    public async Task<CommandAnswer> ResumeAsync()
    {
        if (orders.Paused(Now()) is null)
            return new CommandAnswer(false, "It is not paused.", []);
        var unsaved = await orders.ResumeAsync();
        return new CommandAnswer(true, "The pause is over.", Unsaved(unsaved));
    }

    public async Task<CommandAnswer> ApproveAsync(ApproveRequest request)
    {
        var view = board.Current.Value;
        if (view.History.Records.LastOrDefault(record => record.NeedsPerson && (record.Step.Operation == request.Operation || record.Step.Id == request.Operation)) is { } unknown)
            return await AcknowledgeAsync(unknown);
        var plan = view.Plan.Problems.FirstOrDefault(plan => plan.Operation == request.Operation);
        if (plan is null)
            return new CommandAnswer(false, $"No operation {request.Operation} waits. `aiinfra-agent actions` lists those that do.", []);
        if (plan.State != PlanState.NeedsApproval)
            return new CommandAnswer(false, $"{plan.Action} for {plan.ProblemId} on {plan.Subject} needs no approval: {plan.Why}", []);
        var unsaved = await orders.ApproveAsync(Now(), request.Operation);
        return new CommandAnswer(true, $"{plan.Action} for {plan.ProblemId} on {plan.Subject} is approved, once, for {RemediationOrders.ApprovalLasts.TotalHours:0} h. Limits, blockers and windows count as before.", Unsaved(unsaved));
    }

    private async Task<CommandAnswer> AcknowledgeAsync(StepRecord unknown)
    {
        try
        {
            return await orders.AcknowledgeAsync(unknown.Step.Operation).WaitAsync(EnginePatience, time) is { } refusal
                ? new CommandAnswer(false, refusal, [])
                : new CommandAnswer(true, $"Step {unknown.Step.Id} ({unknown.Step.Action} on {unknown.Step.Subject}) counts as looked at; it is not done again, and the next rung is weighed.", []);
        }
        catch (TimeoutException)
        {
            return new CommandAnswer(false, $"The engine has not taken it within {EnginePatience.TotalSeconds:0} s; `aiinfra-agent actions` shows when it has.", []);
        }
    }

    private static PlannedAction Planned(RemediationView view, ProblemPlan plan)
    {
        var dry = view.WouldDo.LastOrDefault(would => would.Step.Step.Operation == plan.Operation);
        return new PlannedAction(
            plan.ProblemId, plan.Subject.ToString(), plan.State, plan.Ladder, plan.Rung, plan.Action, plan.Operation, plan.Why, plan.NotBefore,
            dry is null ? null : dry.Finds ?? "It could be done now.", dry is null ? null : [.. dry.Victims]);
    }

    private ActionLine Line(StepRecord record) => new(
        record.Step.Id, record.Step.Operation, record.Step.Action, record.Step.Arguments, record.Step.ProblemId, record.Step.Subject.ToString(), record.Ladder, record.Rung, record.IntendedAt,
        record.ActedAt, record.Result?.Outcome, record.Result?.Says, record.Helped, record.Verified, record.NeedsPerson, record.Evidence, record.Result is null ? progress.Of(record.Step.Id) : null);

    private PlanTime Now() => new(time.GetUtcNow(), _bootId, time.GetElapsedTime(0, time.GetTimestamp()));

    private static List<string> Unsaved(string? why) => why is null ? [] : [why];

    private static string PlanText(DateTimeOffset at) => $"{at.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z";

    internal static string Word(PlanState state) => state switch
    {
        PlanState.NotNeeded => "nothing to do",
        PlanState.NeedsApproval => "needs approval",
        PlanState.NeedsPerson => "needs a person",
        PlanState.UnderWay => "under way",
        _ => state.ToString().ToLowerInvariant(),
    };
}
