using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation.Ladders;

namespace AIInfra.Core.Remediation.Planning;

/// <summary>Decides the next step. A pure function: the same snapshot, history, policy and time give the same plan.</summary>
public sealed class Planner(RemediationPolicy policy)
{
    public Plan Decide(PlanSnapshot now, RemediationHistory history, DateTimeOffset at)
    {
        var turn = new PlanTurn(policy, now, history, at);
        var open = history.Open;
        var next = open is not null ? turn.Continue(open) : null;
        var plans = ImmutableArray.CreateBuilder<ProblemPlan>(now.Problems.Length);
        foreach (var problem in InTurn(now.Problems))
        {
            var plan = turn.Weigh(problem, open, out var start);
            if (start is not null && next is null && open is null)
                next = start;
            else if (start is not null && plan.Dry is null)
                plan = plan with { State = PlanState.Waits, Why = "waits for its turn: one thing is mended at a time." };
            plans.Add(plan);
        }
        next ??= turn.Release(plans);
        return new Plan(next, plans.ToImmutable(), turn.WakeAt);
    }

    /// <summary>The worst first, of those the one that asks for most: a boot makes a reset needless.</summary>
    private static IEnumerable<Problem> InTurn(ImmutableArray<Problem> problems) => problems
        .OrderByDescending(problem => problem.Severity).ThenByDescending(problem => problem.Action).ThenBy(problem => problem.FirstSeen)
        .ThenBy(problem => problem.Id, StringComparer.Ordinal).ThenBy(problem => problem.Subject.Id, StringComparer.Ordinal);
}
