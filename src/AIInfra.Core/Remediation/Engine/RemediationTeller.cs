using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Planning;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>Says what remediation does: one view for status, actions and metrics, notes for events, and lines for the log.</summary>
internal sealed partial class RemediationTeller(RemediationBoard board, TimeProvider time, ILogger logger)
{
    private const int DryKept = 200;

    private readonly Dictionary<(string Id, Subject Subject), PlanState> _states = [];
    private RemediationView _view = RemediationView.Empty;
    private string? _held;
    private long _number;

    public void Planned(PlanSnapshot now, Plan plan, RemediationHistory history)
    {
        _view = _view with { Now = now, Plan = plan, History = history, WouldDo = Standing(plan) };
        if (_view.Held is var held && held?.Kind != _held && now.Mode != RemediationMode.Off)
        {
            _held = held?.Kind;
            if (held is null)
                LogFree();
            else
                LogHeld(held.Value.Why);
        }
        foreach (var problem in plan.Problems)
            Compare(problem);
        if (_states.Count > plan.Problems.Length)
        {
            var standing = plan.Problems.Select(problem => (problem.ProblemId, problem.Subject)).ToHashSet();
            foreach (var gone in _states.Keys.Where(key => !standing.Contains(key)).ToList())
                _states.Remove(gone);
        }
        board.Current.Publish(_view);
    }

    public void Intended(StepRecord record)
    {
        _view = _view with { Doing = record };
        LogIntended(record.Step.Action, record.Step.Subject, record.Step.ProblemId, record.Step.Id);
        Note(record, "begun", false, "RemediationStarted", $"{record.Step.Action} on {record.Step.Subject} begins, for {record.Step.ProblemId}.");
    }

    /// <summary>What became of a step, whoever found it out.</summary>
    public void Ended(StepRecord record)
    {
        var (outcome, says) = (record.Result!.Outcome, record.Result.Says);
        _view = _view with { Doing = null };
        Count(record.Step.Action, WordOf(outcome));
        LogEnded(outcome is ActionOutcome.Unknown ? LogLevel.Error : outcome is ActionOutcome.Done ? LogLevel.Information : LogLevel.Warning, record.Step.Action, record.Step.Subject, record.Step.Id, outcome, says);
        var person = outcome == ActionOutcome.Unknown ? $" Nothing else is done before a person has looked: aiinfra-agent approve {record.Step.Operation}." : "";
        Note(record, "ended", outcome != ActionOutcome.Done, $"Remediation{outcome}", $"{record.Step.Action} on {record.Step.Subject}, for {record.Step.ProblemId}: {WordOf(outcome).Replace('_', ' ')}. {says}{person}");
    }

    public void Verified(StepRecord record)
    {
        var helped = record.Helped == true;
        Count(record.Step.Action, helped ? "helped" : "no_help");
        LogVerified(helped ? LogLevel.Information : LogLevel.Warning, record.Step.Action, record.Step.Subject, record.Step.Id, helped ? "helped" : "did not help", record.Verified ?? "");
        Note(record, "verified", !helped, helped ? "RemediationHelped" : "RemediationNoHelp", $"{record.Step.Action} on {record.Step.Subject} {(helped ? "helped" : "did not help")} against {record.Step.ProblemId}. {record.Verified}");
    }

    public void WouldDo(ProblemPlan plan, string? finds, ImmutableArray<string> victims)
    {
        var step = plan.Dry!;
        _view = _view with { WouldDo = [.. _view.WouldDo.TakeLast(DryKept - 1), new DryStep(step, time.GetUtcNow(), plan.Why, finds, victims)] };
        Count(step.Step.Action, "dry_run");
        var lost = victims.IsEmpty ? "" : $" It would hit: {string.Join(", ", victims.Take(10))}{(victims.Length > 10 ? $" and {victims.Length - 10} more" : "")}.";
        LogDry(step.Step.ProblemId, step.Step.Subject, plan.Why, finds ?? "It could be done now.", lost);
        Note($"{step.Step.Operation}-dry", false, "RemediationDryRun", step.Step.Action, $"{step.Step.ProblemId} on {step.Step.Subject}: {plan.Why} {finds}{lost}");
    }

    public void NotAttempted(PlannedStep planned, string why) => LogNotAttempted(planned.Step.Action, planned.Step.Subject, why);

    private void Compare(ProblemPlan plan)
    {
        var key = (plan.ProblemId, plan.Subject);
        if (_states.TryGetValue(key, out var before) && before == plan.State)
            return;
        _states[key] = plan.State;
        if (plan.Ladder is null || plan.State is PlanState.NotNeeded or PlanState.Next or PlanState.UnderWay)
            return;
        LogWaits(plan.ProblemId, plan.Subject, plan.State, plan.Why);
        if (plan.State is PlanState.NeedsApproval or PlanState.NeedsPerson)
            Note($"{plan.Operation ?? $"{plan.ProblemId} {plan.Subject}"}-{plan.State}", true, "RemediationNeedsPerson", plan.Action ?? "None", $"{plan.ProblemId} on {plan.Subject}: {plan.Why}");
    }

    private ImmutableArray<DryStep> Standing(Plan plan)
    {
        if (_view.WouldDo.IsEmpty)
            return [];
        var dry = plan.Problems.Where(problem => problem.Dry is not null).Select(problem => (problem.ProblemId, problem.Subject)).ToHashSet();
        return [.. _view.WouldDo.Where(would => dry.Contains((would.Step.Step.ProblemId, would.Step.Step.Subject)))];
    }

    private void Count(string action, string outcome)
    {
        _view = _view with { Counts = _view.Counts.SetItem((action, outcome), _view.Counts.GetValueOrDefault((action, outcome)) + 1) };
        board.Current.Publish(_view);
    }

    private void Note(StepRecord record, string what, bool isWarning, string reason, string says) => Note($"{record.Step.Id}-{what}", isWarning, reason, record.Step.Action, says);

    private void Note(string key, bool isWarning, string reason, string action, string says)
    {
        board.Notes.Publish([.. board.Notes.Value.TakeLast(RemediationBoard.NotesKept - 1), new StepNote(++_number, key, time.GetUtcNow(), isWarning, reason, action, says.TrimEnd())]);
    }

    private static string WordOf(ActionOutcome outcome) => outcome switch
    {
        ActionOutcome.Done => "done",
        ActionOutcome.Failed => "failed",
        ActionOutcome.Unknown => "unknown",
        _ => "not_possible",
    };

    [LoggerMessage(EventName = "RemediationTeller.Intended", Level = LogLevel.Information, Message = "Remediation: {Action} on {Subject} for {Problem} begins (step {Step})")]
    private partial void LogIntended(string action, Subject subject, string problem, string step);

    [LoggerMessage(EventName = "RemediationTeller.Ended", Message = "Remediation: {Action} on {Subject} (step {Step}) ended as {Outcome}. {Says}")]
    private partial void LogEnded(LogLevel level, string action, Subject subject, string step, ActionOutcome outcome, string says);

    [LoggerMessage(EventName = "RemediationTeller.Verified", Message = "Remediation: {Action} on {Subject} (step {Step}) {Helped}. {Says}")]
    private partial void LogVerified(LogLevel level, string action, Subject subject, string step, string helped, string says);

    [LoggerMessage(EventName = "RemediationTeller.Dry", Level = LogLevel.Information, Message = "Remediation, dry run: {Problem} on {Subject}: {Would} {Finds}{Lost}")]
    private partial void LogDry(string problem, Subject subject, string would, string finds, string lost);

    [LoggerMessage(EventName = "RemediationTeller.Waits", Level = LogLevel.Information, Message = "Remediation: {Problem} on {Subject} {State}: {Why}")]
    private partial void LogWaits(string problem, Subject subject, PlanState state, string why);

    [LoggerMessage(EventName = "RemediationTeller.NotAttempted", Level = LogLevel.Information, Message = "Remediation: {Action} on {Subject} is not done now: {Why}")]
    private partial void LogNotAttempted(string action, Subject subject, string why);

    [LoggerMessage(EventName = "RemediationTeller.Held", Level = LogLevel.Warning, Message = "Remediation does nothing now: {Why}")]
    private partial void LogHeld(string why);

    [LoggerMessage(EventName = "RemediationTeller.Free", Level = LogLevel.Information, Message = "Remediation is free to act")]
    private partial void LogFree();
}
