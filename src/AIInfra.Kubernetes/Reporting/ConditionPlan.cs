using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>What a condition should say.</summary>
/// <param name="Since">Since when <paramref name="Status"/> holds, as far as this agent knows.</param>
public sealed record WantedCondition(string Type, string Status, string Reason, string Message, DateTimeOffset Since)
{
    public const string Good = "True", Bad = "False", Unknown = "Unknown";

    /// <summary>In the sense of node-problem-detector: the condition names a problem, and true is bad.</summary>
    public bool NamesProblem { get; init; }

    public bool IsBad => Status == (NamesProblem ? Good : Bad);
}

/// <summary>Derives the node's conditions from the boards. False: a fatal problem stands. Unknown: nobody can say. True otherwise; lesser problems are in the message.</summary>
internal sealed class ConditionPlan(TimeProvider time)
{
    private const int MostBytes = 1024, MostOthers = 8;

    private ImmutableDictionary<string, (string Status, DateTimeOffset Since)> _clocks = ImmutableDictionary<string, (string, DateTimeOffset)>.Empty;

    /// <summary>One for each of <see cref="ConditionTable.Types"/>, in that order.</summary>
    public ImmutableArray<WantedCondition> Update(HealthSnapshot health, NodeInventory inventory)
    {
        var byType = health.Problems.ToLookup(ConditionTable.TypeOf);
        return [.. ConditionTable.Types.Select(type => Decide(type, [.. byType[type]], health, inventory))];
    }

    private WantedCondition Decide(string type, Problem[] problems, HealthSnapshot health, NodeInventory inventory)
    {
        // An operator took the devices: nobody watches them, and nothing should repair the node for it.
        var fatal = InOrder(problems.Where(problem => problem.Severity == Severity.Fatal && problem.Id != VendorReleases.ProblemId));
        var lesser = InOrder(problems.Where(problem => problem.Severity == Severity.Degraded));
        var released = problems.FirstOrDefault(problem => problem.Id == VendorReleases.ProblemId);
        var silent = type == ConditionTable.Accelerator ? inventory.Vendors.FirstOrDefault(vendor => vendor.State == VendorState.Unavailable) : null;

        if (fatal.Length > 0)
            return Since(new(type, WantedCondition.Bad, ConditionTable.Reason(fatal[0].Id), Message(fatal, inventory), fatal.Min(problem => problem.FirstSeen)));
        var cleared = health.Transitions.LastOrDefault(step => step is { Kind: TransitionKind.Cleared, Severity: Severity.Fatal })?.At ?? time.GetUtcNow();
        if (released is not null)
            return Since(new(type, WantedCondition.Unknown, ConditionTable.Reason(released.Id), Message([released], inventory), released.FirstSeen));
        if (silent is not null)
            return Since(new(type, WantedCondition.Unknown, "DriverNotAnswering", EventText.Bound($"{silent.Vendor}: {silent.Reason}", MostBytes), time.GetUtcNow()));
        return Since(lesser.Length > 0
            ? new(type, WantedCondition.Good, "Degraded", Message(lesser, inventory), cleared)
            : new(type, WantedCondition.Good, "NoProblem", "No fatal problem stands.", cleared));
    }

    /// <summary>Keeps the moment of the last change of the status, whatever reasons came and went since.</summary>
    private WantedCondition Since(WantedCondition wanted)
    {
        if (!_clocks.TryGetValue(wanted.Type, out var clock))
            clock = (wanted.Status, wanted.Since); // the agent was started: what is known from before
        else if (clock.Status != wanted.Status)
            clock = (wanted.Status, time.GetUtcNow());
        _clocks = _clocks.SetItem(wanted.Type, clock);
        return wanted with { Since = clock.Since };
    }

    /// <summary>Headlines first; then by age, so that a problem that joins does not change the reason.</summary>
    private static Problem[] InOrder(IEnumerable<Problem> problems) =>
        [.. problems.OrderByDescending(problem => problem.IsHeadline).ThenBy(problem => problem.FirstSeen).ThenBy(problem => problem.Id, StringComparer.Ordinal)
            .ThenBy(problem => problem.Subject.ToString(), StringComparer.Ordinal)];

    /// <summary>The first one in full, then which others: nothing that changes as long as the same problems stand.</summary>
    private static string Message(Problem[] problems, NodeInventory inventory)
    {
        var first = problems[0];
        var others = problems.Skip(1).Select(problem => $"{problem.Id} on {EventText.Name(problem.Subject, inventory)}").ToList();
        var more = others.Count == 0 ? "" : $" And {others.Count} more: {string.Join(", ", others.Take(MostOthers))}{(others.Count > MostOthers ? ", ..." : "")}.";
        return EventText.Bound($"{EventText.Name(first.Subject, inventory)}: {first.Message.TrimEnd('.')} ({first.Id}).{more}", MostBytes);
    }
}
