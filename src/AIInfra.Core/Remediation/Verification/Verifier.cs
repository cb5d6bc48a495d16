using System.Collections.Frozen;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;

namespace AIInfra.Core.Remediation.Verification;

/// <summary>Looks whether an act helped. The problem itself must be good, as whoever found it says; so must the probe that the rung names; both for as long as the rung asks;
/// and before a drained node is given back, the policy's tests.</summary>
/// <param name="looks">Has those probes look now that found the problem.</param>
/// <param name="probes">By name, the policy's tests among them.</param>
internal sealed class Verifier(HealthBoard health, IProblemLooks looks, FrozenDictionary<string, IVerificationProbe> probes, RemediationPolicy policy, TimeProvider time)
{
    private readonly FrozenSet<string> _tests = policy.Tests.Select(test => test.Name).ToFrozenSet(StringComparer.Ordinal); // each is run once: it costs something
    private string _step = "";
    private long _started;
    private long? _good;

    /// <summary>Looks once.</summary>
    /// <param name="acted">Done, and not closed.</param>
    /// <param name="incomplete">Null when the view of the node is complete; before, nothing counts as gone.</param>
    /// <returns>Null: there is no verdict yet.</returns>
    public async Task<Verdict?> LookAsync(StepRecord acted, string? incomplete, CancellationToken cancellationToken)
    {
        if (acted.Step.Action == NodeSteps.Drain)
            return new Verdict(VerdictKind.Good, "The node is empty; the problem is a person's.");
        if (_step != acted.Step.Id)
            (_step, _started, _good) = (acted.Step.Id, time.GetTimestamp(), null);
        var rung = RungOf(acted);
        var verdict = incomplete is null ? await JudgeAsync(acted, rung, cancellationToken) : new Verdict(VerdictKind.NotYet, incomplete);
        if (verdict.Kind == VerdictKind.Good)
        {
            _good ??= time.GetTimestamp();
            verdict = time.GetElapsedTime(_good.Value) >= rung.Stable ? await TestAsync(acted, rung, verdict, cancellationToken)
                : verdict with { Kind = VerdictKind.NotYet, Says = $"{verdict.Says} It must stay so for {PolicyTime.Show(rung.Stable)}." };
        }
        else
        {
            _good = null;
        }
        if (verdict.Kind == VerdictKind.NotYet && time.GetElapsedTime(_started) >= rung.VerifyWithin)
            verdict = new Verdict(VerdictKind.Bad, $"Within {PolicyTime.Show(rung.VerifyWithin)} nothing showed that it helped. {verdict.Says}");
        return verdict.Kind == VerdictKind.NotYet ? null : verdict;
    }

    /// <summary>The rung as it is now; where the policy changed under the step, the problem alone is looked at.</summary>
    private Rung RungOf(StepRecord acted) =>
        policy.Find(acted.Ladder)?.Rungs.ElementAtOrDefault(acted.Rung) is { } rung && rung.Action == acted.Step.Action ? rung : new Rung { Action = acted.Step.Action };

    private async Task<Verdict> JudgeAsync(StepRecord acted, Rung rung, CancellationToken cancellationToken)
    {
        if (Find(acted) is { Clearing.Kind: ClearingKind.HealthyReading })
            await looks.LookForAsync(acted.Step.ProblemId, cancellationToken);
        var problem = Judge(Find(acted), acted);
        if (problem.Kind != VerdictKind.Good || rung.Verify.Length == 0 || _tests.Contains(rung.Verify))
            return problem;
        var named = await AskAsync(rung.Verify, acted.Step, cancellationToken);
        return named.Kind == VerdictKind.Good ? named with { Says = $"{problem.Says} {named.Says}" } : named;
    }

    private static Verdict Judge(Problem? problem, StepRecord acted)
    {
        if (problem is null)
            return new Verdict(VerdictKind.Good, $"{acted.Step.ProblemId} is over.");
        var isRead = problem.Clearing.Kind == ClearingKind.HealthyReading;
        if (problem.LastSeen > (acted.ActedAt ?? acted.IntendedAt))
            return new Verdict(isRead ? VerdictKind.NotYet : VerdictKind.Bad, $"{problem.Id} was seen again at {PlanTurn.Show(problem.LastSeen)}.");
        return problem.Clearing.Kind is ClearingKind.Quiet or ClearingKind.ByHand
            ? new Verdict(VerdictKind.Good, $"{problem.Id} was not seen again.")
            : new Verdict(VerdictKind.NotYet, $"{problem.Id} still stands.");
    }

    private async Task<Verdict> TestAsync(StepRecord acted, Rung rung, Verdict soFar, CancellationToken cancellationToken)
    {
        var names = (_tests.Contains(rung.Verify) ? (string[])[rung.Verify] : []).Concat(rung.Drain == DrainScope.Node ? policy.BeforeReturn : []).Distinct();
        foreach (var name in names)
        {
            var verdict = await AskAsync(name, acted.Step, cancellationToken);
            if (verdict.Kind != VerdictKind.Good)
                return verdict;
            soFar = soFar with { Says = $"{soFar.Says} {verdict.Says}" };
        }
        return soFar;
    }

    private Task<Verdict> AskAsync(string name, ActionStep step, CancellationToken cancellationToken) => probes.TryGetValue(name, out var probe)
        ? probe.CheckAsync(step, cancellationToken) : Task.FromResult(new Verdict(VerdictKind.NotYet, $"There is no probe {name}."));

    private Problem? Find(StepRecord acted) => health.Current.Value.Problems.FirstOrDefault(problem => problem.Id == acted.Step.ProblemId && problem.Subject == acted.Step.Subject);
}
