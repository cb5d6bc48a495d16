using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>restart-unit [UNIT]</c>: starts a unit anew, by default the one that the problem is on. Proved by its invocation id.</summary>
internal sealed class RestartUnit(HostSystem system, HostHands hands) : IRemediationAction
{
    private readonly UnitGuards _guards = new(hands.Host);

    public string Name => "restart-unit";
    public bool IsDisruptive => false;

    public string? Refuse(ImmutableArray<string> arguments) => arguments.Length switch
    {
        0 => null,
        1 => UnitGuards.RefuseName(arguments[0]),
        _ => "name one unit, or none for the unit that the problem is on",
    };

    public async Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (UnitOf(planned) is not { } unit)
            return Preparation.NotPossible("The problem is on no unit and the policy names none: write do: restart-unit with args: [UNIT].");
        if (UnitGuards.RefuseName(unit) is { } name)
            return Preparation.NotPossible($"{name}.");
        if (hands.Refusal is { } refusal)
            return Preparation.NotPossible(refusal);
        try
        {
            var state = await system.Units.GetAsync(unit, cancellationToken);
            return _guards.RefuseRestart(state) is { } why
                ? Preparation.NotPossible(why)
                : new Preparation(null, [], new ActionProof(ProofKind.InvocationId, state.InvocationId), [unit, .. state.Dependents]);
        }
        catch (BusException fault)
        {
            return Preparation.NotPossible(fault.Message);
        }
    }

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var unit = UnitOf(planned)!;
        try
        {
            var before = await system.Units.GetAsync(unit, cancellationToken);
            if (_guards.RefuseRestart(before) is { } why)
                return ActionResult.NotPossible(why);
            if (before.IsFailed)
                await system.Units.ResetFailedAsync(unit, cancellationToken); // it may have used up its starts
            var result = await system.Units.RunAsync(UnitJob.Restart, unit, planned.Deadline, cancellationToken);
            var after = await system.Units.GetAsync(unit, cancellationToken);
            return result == "done"
                ? ActionResult.Done($"{unit} was restarted: it is {after.Active} ({after.Sub}), process {after.MainProcess}, and was {before.Active} ({before.Sub}).")
                : ActionResult.Failed($"The restart of {unit} ended with {result}: it is {after.Active} ({after.Sub}), result {after.Result}{(after.ExitStatus is { } status ? $", status {status}" : "")}.");
        }
        catch (BusException fault)
        {
            return HostSystem.Explain(fault);
        }
        catch (OperationCanceledException)
        {
            return ActionResult.Unknown($"The restart of {unit} was asked for, and its end was not waited for.");
        }
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var unit = UnitOf(planned)!;
        try
        {
            var state = await system.Units.GetAsync(unit, cancellationToken);
            if (state.InvocationId.Length > 0 && state.InvocationId != planned.Proof.Before)
                return ActionResult.Done($"{unit} has run anew since then: it is {state.Active} ({state.Sub}).");
            return state.Active is "activating" or "deactivating" or "reloading"
                ? ActionResult.Unknown($"{unit} is {state.Active}: whether that is the restart is not known.")
                : ActionResult.Failed($"{unit} was not restarted: it is the same run as before, {state.Active} ({state.Sub}).");
        }
        catch (BusException fault)
        {
            return ActionResult.Unknown(fault.Message);
        }
    }

    internal static string? UnitOf(ActionStep planned) =>
        planned.Arguments is [var named, ..] ? UnitGuards.NameOf(named) : planned.Subject is { Kind: SubjectKind.Unit, Id: { Length: > 0 } id } ? UnitGuards.NameOf(id) : null;
}
