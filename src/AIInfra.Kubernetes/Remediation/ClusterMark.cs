using System.Collections.Immutable;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>The marks that node steps leave on a node, for whoever keeps them true in place of the node's agent.</summary>
public static class ClusterMark
{
    /// <summary>The node bears one.</summary>
    public static bool IsOn(NodeObject node) => node.Metadata.Annotations is { } notes && notes.Keys.Any(key => key is AgentMark.Cordoned or AgentMark.Undone || TaintNode.TaintOf(key) is not null);

    /// <param name="stands">Whether a problem stands that was there when the mark was set: its id, its subject, and when that was.</param>
    /// <returns>What has to be written, null where the marks are true; and what that means, a sentence each.</returns>
    public static (ApiPatch? Patch, ImmutableArray<string> Says) Change(NodeObject node, Func<string, string, DateTimeOffset, bool> stands)
    {
        var change = MarkChange.Of(NodeSnapshot.Of(node), mark => stands(mark.Problem, mark.Subject, mark.Since));
        var says = change.Over.Select(over => $"The taint {over.Taint.Key}:{over.Taint.Effect} is taken off: {over.Mark.Problem} on {over.Mark.Subject} is over.").ToList();
        if (change.Undone is { } undone)
            says.Add($"Somebody uncordoned it, after operation {undone.Operation} had cordoned it for {undone.Problem} on {undone.Subject}; it is not cordoned again for that problem.");
        return (change.Edit.IsEmpty ? null : change.Edit.ToPatch(), [.. says]);
    }
}
