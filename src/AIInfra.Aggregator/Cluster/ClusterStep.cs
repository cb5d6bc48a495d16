using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Fleet;
using AIInfra.Fleet.V1;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.Aggregator.Cluster;

[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
[JsonSerializable(typeof(ActionStep))]
internal sealed partial class ClusterJson : JsonSerializerContext;

/// <summary>A step that the aggregator does on a node, as its row has it.</summary>
/// <param name="Fence">Of the grant; 0 for what needs none.</param>
/// <param name="Outcome">Null while it is under way.</param>
/// <param name="Says">How far it is; at the end what was done.</param>
/// <param name="Stop">Why it is to end early; empty: it is not.</param>
/// <param name="Replica">Does it, until <paramref name="TakenUntil"/> unless it says again that it lives.</param>
/// <param name="DeadlineAt">By the database's clock, from when it was first asked.</param>
internal sealed record ClusterStep(string Node, ActionStep Step, long Fence, ActionOutcome? Outcome, string Says, string Stop, string Replica, DateTimeOffset TakenUntil, DateTimeOffset DeadlineAt)
{
    public bool IsOver => Outcome is not null;

    public ActionResult? Result => Outcome is { } outcome ? new ActionResult(outcome, Says) : null;

    public static string Write(ActionStep step) => JsonSerializer.Serialize(step, ClusterJson.Default.ActionStep);

    /// <exception cref="JsonException">A newer aggregator wrote it.</exception>
    public static ActionStep Read(string body) => JsonSerializer.Deserialize(body, ClusterJson.Default.ActionStep) ?? throw new JsonException("There is no step.");
}

/// <summary>A node's question for a step, checked: nothing in it is longer or more than it may be.</summary>
/// <param name="Looks">Nothing is begun for it.</param>
internal sealed record StepQuestion(ActionStep Step, string Grant, long Fence, bool Looks)
{
    private const int LongestText = 253, MostArguments = 16, MostDevices = 256;
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <returns>Null with what is wrong, as a sentence.</returns>
    public static (StepQuestion? Question, string Why) Of(StepAsk ask)
    {
        string[] texts = [ask.Step, ask.Operation, ask.Action, ask.Problem?.Id ?? ""];
        if (texts.Any(text => text.Length is 0 or > LongestText) || ask.Problem!.Subject.Length > LongestText || ask.Grant.Length > LongestText || ask.Arguments.Count > MostArguments
            || ask.Arguments.Any(argument => argument.Length > LongestText) || ask.Devices.Count > MostDevices || ask.Devices.Any(device => device.Length > LongestText))
        {
            return (null, "The question cannot be understood: it needs a step, an operation, an action and a problem, each of at most 253 characters.");
        }
        if (WireWords.ScopeOf(ask.Scope) is not { } scope || WireWords.SubjectKindOf(ask.Problem.SubjectKind) is not { } kind)
            return (null, $"The question cannot be understood: its scope is \"{ask.Scope}\" (none, device or node), its subject's kind \"{ask.Problem.SubjectKind}\".");
        ImmutableArray<string> arguments = [.. ask.Arguments];
        if (ClusterSteps.Refuse(ask.Action, arguments) is { } wrong)
            return (null, wrong);
        var deadline = TimeSpan.FromMilliseconds(ask.DeadlineMilliseconds);
        return (new StepQuestion(new ActionStep
        {
            Id = ask.Step,
            Operation = ask.Operation,
            Action = ask.Action,
            Arguments = arguments,
            Subject = new Subject(kind, ask.Problem.Subject),
            ProblemId = ask.Problem.Id,
            Drain = scope,
            ResetGroup = [.. ask.Devices],
            Deadline = deadline < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : deadline > Longest ? Longest : deadline,
            BootId = "",
        }, ask.Grant, ask.Fence > long.MaxValue ? 0 : (long)ask.Fence, ask.Looks), "");
    }
}
