using System.Collections.Immutable;
using AIInfra.Core.Metrics;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Engine;

/// <summary>Remediation on the metrics page; rendered anew when the view has changed.</summary>
public sealed class RemediationRows(RemediationBoard board) : PageRows
{
    /// <summary>Problems with a series of their own.</summary>
    private const int Limit = 100;

    private static readonly ImmutableArray<(PlanState State, LabelSet Labels)> States = [.. Enum.GetValues<PlanState>().Select(state => (state, AgentMetric.RemediationProblems.Labelled(WordOf(state))))];
    private static readonly ImmutableArray<(string Kind, LabelSet Labels)> Holds =
        [.. new[] { "journal", "starting", "paused", "unknown" }.Select(kind => (kind, AgentMetric.RemediationHeld.Labelled(kind)))];

    private RemediationView? _view;
    private ImmutableArray<(LabelSet Labels, double Value)> _counts = [];
    private ImmutableArray<LabelSet> _plans = [];
    private LabelSet _mode = LabelSet.Empty;

    public override void Write(PageWriter writer)
    {
        var view = board.Current.Value;
        if (!ReferenceEquals(view, _view))
            Render(view);
        writer.Family(AgentMetric.RemediationMode);
        writer.Sample(_mode, 1);
        writer.Family(AgentMetric.RemediationHeld);
        foreach (var (kind, labels) in Holds)
            writer.Sample(labels, view.Held?.Kind == kind ? 1 : 0);
        writer.Family(AgentMetric.RemediationOpen);
        writer.Sample(LabelSet.Empty, view.History.Open is null ? 0 : 1);
        writer.Family(AgentMetric.RemediationProblems);
        foreach (var (state, labels) in States)
            writer.Sample(labels, Count(view.Plan, state));
        writer.Family(AgentMetric.RemediationPlan);
        foreach (var labels in _plans)
            writer.Sample(labels, 1);
        writer.Family(AgentMetric.RemediationSteps);
        foreach (var (labels, value) in _counts)
            writer.Sample(labels, value);
    }

    private void Render(RemediationView view)
    {
        _view = view;
        _mode = AgentMetric.RemediationMode.Labelled(WordOf(view.Now.Mode));
        _counts = [.. view.Counts.Select(count => (AgentMetric.RemediationSteps.Labelled(count.Key.Action, count.Key.Outcome), (double)count.Value))];
        _plans =
        [
            .. view.Plan.Problems.Where(plan => plan.State != PlanState.NotNeeded).Take(Limit)
                .Select(plan => AgentMetric.RemediationPlan.Labelled(plan.ProblemId, Words.Of(plan.Subject.Kind), plan.Subject.Id, plan.Ladder, plan.Action, WordOf(plan.State))).DistinctBy(labels => labels.Key),
        ];
    }

    private static int Count(Plan plan, PlanState state)
    {
        var count = 0;
        foreach (var problem in plan.Problems)
            count += problem.State == state ? 1 : 0;
        return count;
    }

    internal static string WordOf(RemediationMode mode) => mode switch { RemediationMode.On => "on", RemediationMode.DryRun => "dry-run", _ => "off" };

    internal static string WordOf(PlanState state) => state switch
    {
        PlanState.NotNeeded => "not_needed",
        PlanState.Waits => "waits",
        PlanState.Blocked => "blocked",
        PlanState.NeedsApproval => "needs_approval",
        PlanState.NeedsPerson => "needs_person",
        PlanState.UnderWay => "under_way",
        _ => "next",
    };
}
