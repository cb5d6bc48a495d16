using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>run PROGRAM [ARGUMENT…]</c>, and <c>run-disruptive</c> for what costs the node's work: a program of the host, as a transient unit that outlives the agent.
/// The action of an operator's own. A word that is <c>{subject}</c>, <c>{problem}</c> or <c>{step}</c> is replaced. Exit status 0 is done.</summary>
internal sealed class RunCommand(string name, bool isDisruptive, HostSystem system, HostHands hands) : IRemediationAction
{
    public string Name => name;
    public bool IsDisruptive => isDisruptive;

    public string? Refuse(ImmutableArray<string> arguments) =>
        arguments is not [var program, ..] ? "begin with the absolute path of a program on the host"
        : !program.StartsWith('/') ? $"begin with '{program}', which is no absolute path"
        : arguments.Any(word => word.Contains('\0')) ? "hold a zero byte" : null;

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var program = planned.Arguments[0];
        if (hands.Refusal is { } refusal)
            return Task.FromResult(Preparation.NotPossible(refusal));
        return Task.FromResult(File.Exists(Path.Join(hands.Host.Root, program))
            ? Preparation.Ready(new ActionProof(ProofKind.TransientUnit, HostCommands.UnitOf(planned.Id)))
            : Preparation.NotPossible($"{program} is not there on the host."));
    }

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        try
        {
            return Explain(planned, await system.Commands.RunAsync(planned.Id, Words(planned), planned.Deadline, cancellationToken));
        }
        catch (BusException fault)
        {
            return HostSystem.Explain(fault);
        }
        catch (OperationCanceledException)
        {
            return ActionResult.Unknown($"{planned.Arguments[0]} was started, and its end was not waited for.");
        }
    }

    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        try
        {
            return await system.Commands.FindAsync(planned.Id, cancellationToken) is null
                ? ActionResult.Unknown($"systemd knows no {planned.Proof.Before}: {planned.Arguments[0]} was not started, or the host has booted since.")
                : Explain(planned, await system.Commands.WaitAsync(planned.Id, planned.Deadline, cancellationToken)); // a look never starts it
        }
        catch (BusException fault)
        {
            return ActionResult.Unknown(fault.Message);
        }
    }

    private static ImmutableArray<string> Words(ActionStep planned) => [.. planned.Arguments.Select(word => word switch
    {
        "{subject}" => planned.Subject.Kind == SubjectKind.Node ? "node" : planned.Subject.Id,
        "{problem}" => planned.ProblemId,
        "{step}" => planned.Id,
        _ => word,
    })];

    internal static ActionResult Explain(ActionStep planned, HostCommandResult result)
    {
        var output = result.Output.Trim() is { Length: > 0 } text ? $" It said: {Short(text)}" : "";
        var program = planned.Arguments is [var first, ..] ? first : planned.Action;
        return result.IsSuccess ? ActionResult.Done($"{program} ended well.{output}")
            : result.IsTimeout ? ActionResult.Unknown($"{program} was ended after {planned.Deadline.TotalSeconds:0} s: how far it came is not known.{output}")
            : ActionResult.Failed($"{program} {(result.WasKilled ? $"was killed by signal {result.Status}" : $"ended with status {result.Status} ({result.Result})")}.{output}");
    }

    /// <summary>One line for the record; the whole is in the evidence.</summary>
    internal static string Short(string text)
    {
        var line = string.Join(" / ", text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= 400 ? line : line[..400] + "…";
    }
}
