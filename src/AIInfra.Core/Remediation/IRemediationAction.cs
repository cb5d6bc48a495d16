using System.Collections.Immutable;

namespace AIInfra.Core.Remediation;

/// <summary>One thing that can be done to mend a node, such as <c>restart-unit</c> or <c>reset-device</c>. The engine alone calls it, one step at a time:
/// <see cref="PrepareAsync"/>, then the intent is written, then <see cref="RunAsync"/>; after a crash in between only <see cref="ResolveAsync"/>.</summary>
public interface IRemediationAction
{
    /// <summary>As the policy writes it after <c>do:</c>.</summary>
    string Name { get; }

    /// <summary>True when work that runs on the node or on a device may be lost: it needs a grant, and never two at once.</summary>
    bool IsDisruptive { get; }

    /// <summary>Asked when a policy is loaded.</summary>
    /// <param name="arguments">As the policy has them: an argument vector, never a command line.</param>
    /// <returns>Null, or what is wrong with them and what would be right, to complete "arguments …".</returns>
    string? Refuse(ImmutableArray<string> arguments);

    /// <summary>Looks, and changes nothing: may it be done now, what else would it take along, and what will prove afterwards that it happened.
    /// Also called in a dry run.</summary>
    Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken);

    /// <summary>Does it. The intent stands in the journal by now.</summary>
    /// <param name="planned">With the <see cref="ActionStep.Proof"/> that its preparation gave.</param>
    /// <param name="cancellationToken">Cancelled at the step's deadline, when the grant is lost and when the agent ends. Whoever then cannot say
    /// whether it happened returns <see cref="ActionOutcome.Unknown"/>.</param>
    /// <returns>An action that ends the agent with its node (a reboot) need not return.</returns>
    /// <exception cref="OperationCanceledException">A boot was taken on by the host and the agent is ended with it: the intent stays as it is, and the next boot resolves it.</exception>
    Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken);

    /// <summary>The agent died between the intent and the outcome. Looks for proof of what became of it; never acts.</summary>
    /// <returns>Done or failed only with proof; everything else is <see cref="ActionOutcome.Unknown"/>, which a person resolves.</returns>
    Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken);
}

/// <summary>What a look before the act found.</summary>
/// <param name="WhyNot">Null: it can be done. Else one sentence with what stands in the way and who could remove it.</param>
/// <param name="ResetGroup">Ids of the devices that are reset together with the subject, itself included; empty where no device is reset.</param>
/// <param name="Proof">What is so now and will be otherwise once it has happened.</param>
/// <param name="Victims">What would be lost, for a dry run and for the record: pods, processes, units. Outside input.</param>
public sealed record Preparation(string? WhyNot, ImmutableArray<string> ResetGroup, ActionProof Proof, ImmutableArray<string> Victims)
{
    public static Preparation Ready(ActionProof proof) => new(null, [], proof, []);

    public static Preparation NotPossible(string why) => new(why, [], ActionProof.None, []);
}

public enum ProofKind
{
    /// <summary>Nothing can prove it: after a crash it is unknown.</summary>
    None,
    /// <summary>The kernel's boot id: another one means that the node has booted.</summary>
    BootId,
    /// <summary>systemd's invocation id of a unit: another one means that it was started anew.</summary>
    InvocationId,
    /// <summary>The name of a transient unit that is given once: systemd knows what became of it.</summary>
    TransientUnit,
    /// <summary>The number that the kernel gave a device's folder in sysfs: another one means that it was taken from the bus and found anew.</summary>
    KernelObject,
    /// <summary>Doing it again does no harm and leads to the same: it is found out by looking.</summary>
    Level,
}

/// <param name="Kind">What is compared.</param>
/// <param name="Before">The value before the act.</param>
public sealed record ActionProof(ProofKind Kind, string Before)
{
    public static ActionProof None { get; } = new(ProofKind.None, "");
}

public enum ActionOutcome
{
    /// <summary>It was done. Whether it helped, the verification says.</summary>
    Done,
    /// <summary>It was tried and certainly did not happen.</summary>
    Failed,
    /// <summary>It may have happened. It is not tried again before a person has looked.</summary>
    Unknown,
    /// <summary>Nothing was tried: something stands in the way.</summary>
    NotPossible,
}

/// <param name="Outcome">What became of it.</param>
/// <param name="Says">One sentence for the record: what was tried, on what, what came back. May hold outside text.</param>
public sealed record ActionResult(ActionOutcome Outcome, string Says)
{
    /// <summary>Of a failure: it was cut short, and what is left of it may be done by another step of the same operation. Only of what does no harm when it is done again.</summary>
    public bool GoesOn { get; init; }

    public static ActionResult Done(string says) => new(ActionOutcome.Done, says);
    public static ActionResult Failed(string says) => new(ActionOutcome.Failed, says);
    public static ActionResult Unknown(string says) => new(ActionOutcome.Unknown, says);
    public static ActionResult NotPossible(string says) => new(ActionOutcome.NotPossible, says);
}
