using System.Collections.Immutable;
using AIInfra.Kubernetes.Reporting;

namespace AIInfra.Kubernetes.Remediation;

/// <summary>What the marks on a node have to become for them to be true: a cordon that somebody took back is noted so, and what was set for a problem that is over goes.</summary>
/// <param name="Edit">Empty where they are true.</param>
/// <param name="Undone">Whose cordon somebody else took back, when that is new.</param>
/// <param name="Over">Taints that go, with what they were set for.</param>
internal sealed record MarkChange(NodeEdit Edit, AgentMark? Undone, ImmutableArray<((string Key, string Effect) Taint, AgentMark Mark)> Over)
{
    /// <param name="stands">Whether the problem that a mark was set for stands.</param>
    public static MarkChange Of(NodeSnapshot now, Func<AgentMark, bool> stands)
    {
        var (edit, over, undone) = (new NodeEdit(now), ImmutableArray.CreateBuilder<((string, string), AgentMark)>(), (AgentMark?)null);
        if (!now.IsUnschedulable && AgentMark.Read(now, AgentMark.Cordoned) is { } cordoned)
            edit.Unnote(AgentMark.Cordoned).Note(AgentMark.Undone, (undone = cordoned).Write());
        else if (AgentMark.Read(now, AgentMark.Undone) is { } before && !stands(before))
            edit.Unnote(AgentMark.Undone);
        foreach (var annotation in now.Annotations.Keys)
        {
            if (TaintNode.TaintOf(annotation) is not { } taint || AgentMark.Read(now, annotation) is not { } mark || stands(mark))
                continue;
            edit.RemoveTaint(taint.Key, taint.Effect).Unnote(annotation);
            over.Add((taint, mark));
        }
        return new MarkChange(edit, undone, over.ToImmutable());
    }
}
