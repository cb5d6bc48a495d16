using System.Collections.Immutable;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>kill-unit UNIT [SIGNAL]</c>: ends the main process of a service that hangs, by default with SIGKILL, and leaves it to the service's own
/// <c>Restart=</c> to start it again: one without is not killed.</summary>
internal sealed class KillUnit(HostSystem system, HostHands hands, TimeProvider time) : IRemediationAction
{
    private static readonly Dictionary<string, int> Signals = new(StringComparer.Ordinal) { ["HUP"] = 1, ["INT"] = 2, ["QUIT"] = 3, ["ABRT"] = 6, ["KILL"] = 9, ["TERM"] = 15 };
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly UnitGuards _guards = new(hands.Host);

    public string Name => "kill-unit";
    public bool IsDisruptive => false;

    public string? Refuse(ImmutableArray<string> arguments) => arguments switch
    {
        [var unit] => UnitGuards.RefuseName(unit),
        [var unit, var signal] => UnitGuards.RefuseName(unit) ?? (Signals.ContainsKey(signal) ? null : $"'{signal}' is none of {string.Join(", ", Signals.Keys)}"),
        _ => "name a unit and, if not KILL, a signal",
    };

    public async Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (hands.Refusal is { } refusal)
            return Preparation.NotPossible(refusal);
        var unit = RestartUnit.UnitOf(planned)!;
        try
        {
            var state = await system.Units.GetAsync(unit, cancellationToken);
            if ((_guards.RefuseRestart(state) ?? WhyNot(state)) is { } why)
                return Preparation.NotPossible(why);
            return new Preparation(null, [], new ActionProof(ProofKind.InvocationId, state.InvocationId), [$"{unit} (process {state.MainProcess})"]);
        }
        catch (BusException fault)
        {
            return Preparation.NotPossible(fault.Message);
        }
    }

    private static string? WhyNot(UnitState state) =>
        state.MainProcess == 0 ? $"{state.Name} has no main process: it is {state.Active} ({state.Sub})."
        : state.Restart is null or "no" ? $"{state.Name} has Restart=no: nobody would start it again. Use restart-unit." : null;

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var unit = RestartUnit.UnitOf(planned)!;
        var signal = planned.Arguments.Length > 1 ? planned.Arguments[1] : "KILL";
        var started = time.GetTimestamp();
        try
        {
            await system.Units.KillAsync(unit, "main", Signals[signal], cancellationToken);
            while (time.GetElapsedTime(started) < planned.Deadline)
            {
                var state = await system.Units.GetAsync(unit, cancellationToken);
                if (state.InvocationId != planned.Proof.Before && state.Active == "active")
                    return ActionResult.Done($"{unit} was sent SIG{signal} and runs anew: process {state.MainProcess}.");
                if (state.IsFailed)
                    return ActionResult.Failed($"{unit} was sent SIG{signal} and systemd does not start it again: result {state.Result}.");
                await Task.Delay(Look, time, cancellationToken);
            }
            return ActionResult.Failed($"{unit} was sent SIG{signal}, and does not run anew after {planned.Deadline.TotalSeconds:0} s.");
        }
        catch (BusException fault)
        {
            return HostSystem.Explain(fault);
        }
        catch (OperationCanceledException)
        {
            return await ResolveAsync(planned, CancellationToken.None);
        }
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        try
        {
            var state = await system.Units.GetAsync(RestartUnit.UnitOf(planned)!, cancellationToken);
            return state.InvocationId.Length > 0 && state.InvocationId != planned.Proof.Before
                ? ActionResult.Done($"{state.Name} has run anew since then: it is {state.Active} ({state.Sub}).")
                : ActionResult.Unknown($"{state.Name} is the same run as before: whether it was sent the signal is not known.");
        }
        catch (BusException fault)
        {
            return ActionResult.Unknown(fault.Message);
        }
    }
}
