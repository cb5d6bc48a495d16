using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Agent.Control;

/// <summary>Remediation as <c>status</c> shows it.</summary>
/// <param name="Held">What holds every step back; null when nothing does.</param>
/// <param name="Doing">The step that is done at this moment, with how far it has come; null when none is.</param>
/// <param name="Open">Id of the operation that is begun and not over.</param>
/// <param name="Planned">Problems that something is planned about: those that wait for a person, and all.</param>
internal sealed record RemediationStatus(RemediationMode Mode, string? Held, string? Doing, string? Open, int NeedPerson, int Planned);

/// <summary>What is planned for a problem that stands.</summary>
/// <param name="Operation">What <c>approve</c> takes; null when nothing is planned.</param>
/// <param name="Would">In a dry run: what stands in the way of the step itself, or that nothing does; null when it was not looked at.</param>
/// <param name="Victims">In a dry run: what would be lost.</param>
internal sealed record PlannedAction(
    string Problem, string Subject, PlanState State, string? Ladder, int? Rung, string? Action, string? Operation, string Why, DateTimeOffset? NotBefore, string? Would, IReadOnlyList<string>? Victims);

/// <summary>A step that was begun.</summary>
/// <param name="Outcome">Null while it is under way, or was not settled yet.</param>
/// <param name="Helped">Null: not known yet, or not asked of such a step.</param>
/// <param name="NeedsPerson">It is not known what became of it, and nothing else is done before a person has looked: <c>approve OPERATION</c>.</param>
/// <param name="Progress">Of the step that is under way; null when it says nothing.</param>
internal sealed record ActionLine(
    string Step, string Operation, string Action, IReadOnlyList<string> Arguments, string Problem, string Subject, string Ladder, int Rung, DateTimeOffset Begun, DateTimeOffset? Ended,
    ActionOutcome? Outcome, string? Says, bool? Helped, string? Verified, bool NeedsPerson, string? Evidence, string? Progress);

/// <summary>What <c>actions</c> shows.</summary>
/// <param name="Planned">Problems with a ladder, in the order of their turn.</param>
/// <param name="Steps">The newest, oldest first.</param>
internal sealed record ActionsReport(RemediationStatus Remediation, IReadOnlyList<PlannedAction> Planned, IReadOnlyList<ActionLine> Steps);

/// <param name="Seconds">Null: until it is ended.</param>
internal sealed record PauseRequest(double? Seconds, string? Why);

internal sealed record ApproveRequest(string Operation);

internal sealed record ResumeRequest;
