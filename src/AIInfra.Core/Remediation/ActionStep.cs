using System.Collections.Immutable;
using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation;

/// <summary>One step as it is planned and done: the action, on what, for which problem. Immutable; stored in the journal as it is.</summary>
public sealed record ActionStep
{
    /// <summary>Unlike any other step's, also over restarts. A fit name for a transient unit: letters, digits and dashes.</summary>
    public required string Id { get; init; }
    /// <summary>Steps of one attempt (cordon, drain, reboot, uncordon) share it.</summary>
    public required string Operation { get; init; }
    /// <summary>The <see cref="IRemediationAction.Name"/>.</summary>
    public required string Action { get; init; }
    /// <summary>As the policy gives them.</summary>
    public required ImmutableArray<string> Arguments { get; init => field = value.IsDefault ? [] : value; }
    /// <summary>What is mended: the problem's subject.</summary>
    public required Subject Subject { get; init; }
    public required string ProblemId { get; init; }
    /// <summary>What the drain has to free; for <see cref="DrainScope.Device"/> the pods of the reset group.</summary>
    public DrainScope Drain { get; init; }
    /// <summary>Devices that are reset together, known after the preparation. A drain of scope <see cref="DrainScope.Device"/> has those of the rung that it is done for.</summary>
    public ImmutableArray<string> ResetGroup { get; init => field = value.IsDefault ? [] : value; } = [];
    public ActionProof Proof { get; init; } = ActionProof.None;
    /// <summary>From the act's start until it is cancelled.</summary>
    public required TimeSpan Deadline { get; init; }
    /// <summary>The boot in which it was planned.</summary>
    public required string BootId { get; init; }
}

/// <summary>Which pods have to leave before an action.</summary>
public enum DrainScope
{
    None,
    /// <summary>Those that hold a device of the reset group.</summary>
    Device,
    /// <summary>All that can be moved; the node gets no new ones.</summary>
    Node,
}

/// <summary>Looks whether an action helped, beside the problem itself. Named in the policy by <c>verify:</c>.</summary>
public interface IVerificationProbe
{
    string Name { get; }

    /// <summary>Looks, and changes nothing. Asked again every few seconds until it gives a verdict or the rung's time is over.</summary>
    Task<Verdict> CheckAsync(ActionStep planned, CancellationToken cancellationToken);
}

public enum VerdictKind { Good, NotYet, Bad }

/// <param name="Kind">Bad ends the wait: the next rung's turn.</param>
/// <param name="Says">One sentence for the record.</param>
public sealed record Verdict(VerdictKind Kind, string Says);
