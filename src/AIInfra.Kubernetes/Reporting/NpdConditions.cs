using System.Collections.Immutable;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Hosting;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>The conditions of node-problem-detector's files beside the agent's own, and which types the agent writes in all.</summary>
/// <param name="board">Null where no file is loaded.</param>
internal sealed class NpdConditions(NpdBoard? board)
{
    private const int MostBytes = 1024;

    public Latest<NpdSnapshot> Current { get; } = board?.Current ?? new(NpdSnapshot.Empty);

    /// <summary>All types that this agent may write.</summary>
    public ImmutableArray<string> Types { get; } = [.. ConditionTable.Types.Concat(board?.Types ?? []).Distinct()];

    /// <summary>What they should say. One that has the name of an own condition of the agent is left out: that one stands.</summary>
    public static IEnumerable<WantedCondition> Wanted(NpdSnapshot snapshot) => snapshot.Conditions
        .Where(condition => !ConditionTable.Types.Contains(condition.Type))
        .Select(condition => new WantedCondition(condition.Type, condition.Status.ToString(), condition.Reason, EventText.Bound(condition.Message, MostBytes), condition.Since) { NamesProblem = true });

    /// <summary>Types that an earlier configuration of the agent wrote, and nobody writes any more.</summary>
    public ImmutableArray<string> Stale(NodeSnapshot now) =>
        [.. Owned(now).Where(type => now.Conditions.ContainsKey(type) && !Types.Contains(type))];

    private static string[] Owned(NodeSnapshot now) =>
        now.Annotations.GetValueOrDefault(ConditionReporter.OwnedAnnotation)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
