using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Linux.Files;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Does the moves of a plan, and finds out after a crash what became of them.</summary>
internal sealed class ResetMoves(HostSystem system, HostHands hands, TimeProvider time)
{
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromSeconds(2);

    /// <summary>A fit name of the transient unit of one move.</summary>
    public static string UnitOf(ActionStep planned, int move) => $"{planned.Id}-{move}";

    /// <summary>Null, or what is missing for the plan.</summary>
    public string? WhyNot(ResetPlan plan) => plan.Moves.Select(move => move switch
    {
        CommandMove command when Find(command.Program) is null => $"{command.Program} is not there on the host (looked for in {HostPrograms.Places}).",
        WriteMove write when !File.Exists(PathOf(write)) => $"{PathOf(write)} is not there: the kernel offers no such reset for this device.",
        _ => null,
    }).FirstOrDefault(why => why is not null);

    public async Task<ActionResult> RunAsync(ActionStep planned, ResetPlan plan, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var says = new List<string>();
        for (var number = 0; number < plan.Moves.Length; number++)
        {
            var result = plan.Moves[number] switch
            {
                CommandMove command => await CommandAsync(planned, command, number, atMost, cancellationToken),
                LibraryMove call => await call.Library.RunAsync(call.PciAddress, atMost, cancellationToken),
                var write => await WriteAsync((WriteMove)write, isLast: number == plan.Moves.Length - 1, cancellationToken),
            };
            says.Add(result.Says);
            if (result.Outcome != ActionOutcome.Done)
                return result with { Outcome = number > 0 && result.Outcome == ActionOutcome.NotPossible ? ActionOutcome.Failed : result.Outcome, Says = string.Join(" ", says) };
        }
        return ActionResult.Done(string.Join(" ", says));
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, ResetPlan plan, CancellationToken cancellationToken)
    {
        if (planned.Proof.Kind == ProofKind.KernelObject)
            return ByObject(planned, plan);
        var last = plan.Moves.Length - 1;
        try
        {
            for (var number = last; number >= 0 && plan.Moves[number] is CommandMove command; number--)
            {
                if (await system.Commands.FindAsync(UnitOf(planned, number), cancellationToken) is null)
                    continue;
                var result = Explain(planned, command, await system.Commands.WaitAsync(UnitOf(planned, number), planned.Deadline, cancellationToken));
                return number == last || result.Outcome != ActionOutcome.Done ? result : ActionResult.Unknown($"{result.Says} The steps after it were not seen to begin.");
            }
        }
        catch (BusException fault)
        {
            return ActionResult.Unknown(fault.Message);
        }
        return ActionResult.Unknown("systemd knows nothing of the reset, or the kernel keeps no account of it: whether it happened is not known.");
    }

    /// <summary>What will tell afterwards whether it happened. A write that resets a function leaves no trace in the kernel.</summary>
    public ActionProof Proof(ActionStep planned, ResetPlan plan) =>
        plan.Moves.Any(move => move is CommandMove) ? new ActionProof(ProofKind.TransientUnit, HostCommands.UnitOf(UnitOf(planned, 0)))
        : FolderOf(plan) is { } folder && FileIdentity.TryRead(folder) is { } now ? new ActionProof(ProofKind.KernelObject, NumberOf(now))
        : ActionProof.None;

    /// <summary>A device that was taken from the bus and found anew is another object of the kernel's, with another number.</summary>
    private ActionResult ByObject(ActionStep planned, ResetPlan plan)
    {
        if (FolderOf(plan) is not { } folder)
            return ActionResult.Unknown("What was done to the device is not known: it is no longer found by its address.");
        return FileIdentity.TryRead(folder) is not { } now ? ActionResult.Failed($"{Path.GetDirectoryName(folder)} is gone: the device was taken from the bus and is not back on it.")
            : NumberOf(now) != planned.Proof.Before ? ActionResult.Done("The device was taken from the bus and found anew: it is another object of the kernel's.")
            : ActionResult.Failed("The device was not taken from the bus: it is the same object of the kernel's as before.");
    }

    /// <summary>The device's folder in sysfs, behind the link; null where the plan does not take it from the bus.</summary>
    private string? FolderOf(ResetPlan plan) => plan.Moves.OfType<WriteMove>().FirstOrDefault(write => write.File.EndsWith("/remove", StringComparison.Ordinal)) is { } remove
        ? PathOf(remove)[..^"remove".Length] + "." : null;

    /// <summary>Of sysfs the number alone tells: it gives each object a new one, and the times of a folder change when it is looked at.</summary>
    private static string NumberOf(FileIdentity identity) => identity.Inode.ToString(CultureInfo.InvariantCulture);

    private async Task<ActionResult> CommandAsync(ActionStep planned, CommandMove command, int number, TimeSpan atMost, CancellationToken cancellationToken)
    {
        try
        {
            return Explain(planned, command, await system.Commands.RunAsync(UnitOf(planned, number), Words(command), atMost, cancellationToken, command.Input));
        }
        catch (BusException fault)
        {
            return HostSystem.Explain(fault);
        }
        catch (OperationCanceledException)
        {
            return ActionResult.Unknown($"{command.Program} was started, and its end was not waited for.");
        }
    }

    private static ActionResult Explain(ActionStep planned, CommandMove command, HostCommandResult result) =>
        RunCommand.Explain(planned with { Arguments = [string.Join(' ', command.Arguments.Prepend(command.Program))] }, result);

    /// <summary>A write to the kernel comes back when it is done; one that hangs holds its thread only.</summary>
    private async Task<ActionResult> WriteAsync(WriteMove write, bool isLast, CancellationToken cancellationToken)
    {
        var path = PathOf(write);
        try
        {
            await State.DiskThread.RunAsync(() => hands.Write(path, write.Text)).WaitAsync(cancellationToken);
            if (!isLast)
                await Task.Delay(BetweenWrites, time, cancellationToken); // the bus settles
            return ActionResult.Done($"{write.Text} was written to {path}.");
        }
        catch (IOException fault)
        {
            return ActionResult.Failed($"{path}: {fault.Message}");
        }
        catch (OperationCanceledException)
        {
            return ActionResult.Unknown($"{write.Text} was written to {path}, and the kernel has not come back from it.");
        }
    }

    private ImmutableArray<string> Words(CommandMove command) => [Find(command.Program) ?? command.Program, .. command.Arguments];

    private string? Find(string program) => HostPrograms.Find(hands.Host, program);

    private string PathOf(WriteMove write) => Path.Combine(hands.Host.Sys, write.File);
}
