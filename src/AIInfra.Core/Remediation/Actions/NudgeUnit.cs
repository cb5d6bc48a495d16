using System.Collections.Immutable;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>reload-unit [UNIT]</c> lets a unit read its configuration again; <c>start-unit [UNIT]</c> starts one that does not run. Doing it twice does no harm.</summary>
internal sealed class NudgeUnit(string name, UnitJob job, HostSystem system, HostHands hands) : IRemediationAction
{
    public string Name => name;
    public bool IsDisruptive => false;

    public string? Refuse(ImmutableArray<string> arguments) => arguments.Length switch
    {
        0 => null,
        1 => UnitGuards.RefuseName(arguments[0]),
        _ => "name one unit, or none for the unit that the problem is on",
    };

    public async Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (RestartUnit.UnitOf(planned) is not { } unit)
            return Preparation.NotPossible($"The problem is on no unit and the policy names none: write do: {name} with args: [UNIT].");
        if ((UnitGuards.RefuseName(unit) is { } no ? $"{no}." : hands.Refusal) is { } refusal)
            return Preparation.NotPossible(refusal);
        try
        {
            var state = await system.Units.GetAsync(unit, cancellationToken);
            return state.Load == "loaded" ? Preparation.Ready(new ActionProof(ProofKind.Level, "")) : Preparation.NotPossible($"{unit} is {state.Load} on this host.");
        }
        catch (BusException fault)
        {
            return Preparation.NotPossible(fault.Message);
        }
    }

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var unit = RestartUnit.UnitOf(planned)!;
        try
        {
            if (job == UnitJob.Start && (await system.Units.GetAsync(unit, cancellationToken)).IsFailed)
                await system.Units.ResetFailedAsync(unit, cancellationToken);
            var result = await system.Units.RunAsync(job, unit, planned.Deadline, cancellationToken);
            var after = await system.Units.GetAsync(unit, cancellationToken);
            var says = $"{name} {unit} ended with {result}: it is {after.Active} ({after.Sub}).";
            return result == "done" ? ActionResult.Done(says) : ActionResult.Failed(says);
        }
        catch (BusException fault)
        {
            return HostSystem.Explain(fault);
        }
        catch (OperationCanceledException)
        {
            return ActionResult.Unknown($"{name} {unit} was asked for, and its end was not waited for.");
        }
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        try
        {
            var state = await system.Units.GetAsync(RestartUnit.UnitOf(planned)!, cancellationToken);
            return state.Active == "active" ? ActionResult.Done($"{state.Name} is active ({state.Sub}).") : ActionResult.Failed($"{state.Name} is {state.Active} ({state.Sub}).");
        }
        catch (BusException fault)
        {
            return ActionResult.Unknown(fault.Message);
        }
    }
}
