using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>Decides the next step. A pure function: the same snapshot, history, policy and time give the same plan. One caller at a time: it remembers names that it has made.</summary>
public sealed class Planner(RemediationPolicy policy)
{
    private readonly OperationNames _names = new();

    public Plan Decide(PlanSnapshot now, RemediationHistory history, DateTimeOffset at)
    {
        var turn = new PlanTurn(policy, now, history, at, _names);
        var open = history.Open;
        var next = open is not null ? turn.Continue(open) : null;
        var plans = ImmutableArray.CreateBuilder<ProblemPlan>(now.Problems.Length);
        foreach (var problem in InTurn(now.Problems))
        {
            plans.Add(turn.Weigh(problem, open, isTurn: next is null && open is null, out var start));
            if (next is null && open is null)
                next = start;
        }
        next ??= turn.Release(plans);
        return new Plan(next, plans.ToImmutable(), turn.WakeAt);
    }

    /// <summary>The worst first, of those the one that asks for most: a boot makes a reset needless.</summary>
    private static IEnumerable<Problem> InTurn(ImmutableArray<Problem> problems) => problems
        .OrderByDescending(problem => problem.Severity).ThenByDescending(problem => problem.Action).ThenBy(problem => problem.FirstSeen)
        .ThenBy(problem => problem.Id, StringComparer.Ordinal).ThenBy(problem => problem.Subject.Id, StringComparer.Ordinal);
}
