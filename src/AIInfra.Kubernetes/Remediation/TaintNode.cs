using System.Collections.Immutable;
using AIInfra.Core.Remediation;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary><c>taint KEY[=VALUE]:EFFECT</c>: keeps pods that do not tolerate it away from the node while the problem stands. <see cref="MarkKeeper"/> takes it off when the problem is over.</summary>
internal sealed class TaintNode(ClusterBoard cluster, NodeWriter writer, TimeProvider time) : IRemediationAction
{
    public const string Taint = "taint";

    private const string Wrong = "are one taint, as in aiinfra.io/slow=disk:PreferNoSchedule: the key begins with aiinfra.io/ and has at most 40 characters after it, "
        + "the effect is NoSchedule or PreferNoSchedule (NoExecute would end pods without asking their budgets: drain does that)";

    private const int LongestName = 40, LongestValue = 63;

    public string Name => Taint;
    public bool IsDisruptive => false;

    public string? Refuse(ImmutableArray<string> arguments) => RefuseAll(arguments);

    internal static string? RefuseAll(ImmutableArray<string> arguments) => arguments is [var text] && Parse(text) is not null ? null : Wrong;

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) =>
        Task.FromResult(cluster.Current.Value.WhyNot is { } whyNot ? Preparation.NotPossible(whyNot) : Preparation.Ready(new ActionProof(ProofKind.Level, planned.Arguments[0])));

    public Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var taint = Parse(planned.Arguments[0])!;
        var (note, shown) = (NoteOf(taint), $"{taint.Key}:{taint.Effect}");
        return writer.RunAsync((node, isTried) =>
        {
            var (isThere, mark) = (IsOn(node, taint), AgentMark.Read(node, note));
            if (isThere && mark is null)
                return NodeDecision.Nothing(ActionResult.Done($"Node {node.Name} has the taint {shown} from somebody else; it stays as it is."));
            if (isThere && mark!.IsFor(planned))
                return NodeDecision.Nothing(ActionResult.Done($"Node {node.Name} has the taint {shown}."));
            if (!isThere && mark is not null && mark.IsFor(planned) && !isTried)
                return NodeDecision.Nothing(ActionResult.NotPossible($"Somebody took the taint {shown} off node {node.Name}: it is not set again for that problem."));
            var edit = new NodeEdit(node).Note(note, AgentMark.Of(planned, time.GetUtcNow()).Write());
            return new(isThere ? edit : edit.AddTaint(taint), ActionResult.Done($"Node {node.Name} has the taint {shown}."));
        }, ActionOutcome.NotPossible, cancellationToken);
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (node, whyNot) = await writer.LookAsync(cancellationToken);
        if (node is null)
            return ActionResult.Unknown($"Whether the taint was set is not known: {whyNot}");
        return Parse(planned.Arguments[0]) is { } taint && IsOn(node, taint)
            ? ActionResult.Done($"Node {node.Name} has the taint {taint.Key}:{taint.Effect}.") : ActionResult.Failed($"Node {node.Name} does not have the taint {planned.Arguments[0]}.");
    }

    /// <summary>The taint that a mark is beside; null for another annotation.</summary>
    internal static (string Key, string Effect)? TaintOf(string annotation)
    {
        if (!annotation.StartsWith(AgentMark.Tainted, StringComparison.Ordinal))
            return null;
        var rest = annotation[AgentMark.Tainted.Length..];
        var dot = rest.LastIndexOf('.');
        return dot < 0 ? null : (ReportingOptions.Prefix + rest[..dot], rest[(dot + 1)..]);
    }

    private static string NoteOf(NodeTaint taint) => $"{AgentMark.Tainted}{taint.Key[ReportingOptions.Prefix.Length..]}.{taint.Effect}";

    private static bool IsOn(NodeSnapshot node, NodeTaint taint) => node.Taints.Any(one => one.Key == taint.Key && one.Effect == taint.Effect);

    private static NodeTaint? Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        var effect = text[(colon + 1)..];
        if (colon < 0 || effect is not ("NoSchedule" or "PreferNoSchedule"))
            return null;
        var (key, value) = text[..colon].Split('=', 2) is [var one, var two] ? (one, (string?)two) : (text[..colon], null);
        var name = key.StartsWith(ReportingOptions.Prefix, StringComparison.Ordinal) ? key[ReportingOptions.Prefix.Length..] : "";
        var isGood = IsWord(name, LongestName) && key != TaintReporter.Key && (value is null or "" || IsWord(value, LongestValue));
        return isGood ? new NodeTaint { Key = key, Value = string.IsNullOrEmpty(value) ? null : value, Effect = effect } : null;
    }

    /// <summary>Letters, digits, dashes, dots and underscores, the first and the last a letter or digit: as Kubernetes wants names and label values.</summary>
    private static bool IsWord(string text, int most) => text.Length > 0 && text.Length <= most && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_');
}
