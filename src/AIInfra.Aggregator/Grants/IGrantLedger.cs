using System.Collections.Immutable;
using AIInfra.Aggregator.Nodes;
using AIInfra.Core.Remediation;

namespace AIInfra.Aggregator.Grants;

/// <summary>Who may disrupt what now. Each method is one transaction, and writes its own audit entries in it. Thread-safe.</summary>
public interface IGrantLedger
{
    /// <summary>Decides on a question. The same operation asked again gets the grant it has. A store that is away is a denial, never an exception.</summary>
    Task<GrantDecision> AskAsync(GrantRequest request, CancellationToken cancellationToken);

    /// <summary>Gives a grant a new lifetime. Denied when it expired, was revoked, is another node's, or bears a lower fence than the row.</summary>
    Task<GrantDecision> RenewAsync(GrantHolder holder, CancellationToken cancellationToken);

    /// <summary>Ends a grant with what became of the operation. Ending one that is not there is no error.</summary>
    /// <exception cref="Store.StoreException">It is not written: it ends by its lifetime.</exception>
    Task ReleaseAsync(GrantHolder holder, ActionOutcome? outcome, string says, CancellationToken cancellationToken);

    /// <summary>What a node's journal says of its operations after a reconnect: grants whose operation is closed are ended, others are kept.</summary>
    Task ReconcileAsync(string node, ImmutableArray<OperationRecord> operations, CancellationToken cancellationToken);
}

/// <summary>A node's question for one disruptive operation.</summary>
/// <param name="Node">From the identity of the stream, never from the message.</param>
/// <param name="Action">The <see cref="IRemediationAction.Name"/>.</param>
/// <param name="Scope">A device's or the node's share of its domains.</param>
/// <param name="Devices">The reset group; empty where no device is reset.</param>
/// <param name="Problem">What it is for; null when a person asked.</param>
public sealed record GrantRequest(string Node, string Operation, string Action, DrainScope Scope, ImmutableArray<string> Devices, ProblemKey? Problem);

/// <param name="Fence">As it was given.</param>
public sealed record GrantHolder(string Node, string Operation, string Grant, long Fence);

public enum GrantOutcome
{
    Granted,
    Denied,
    /// <summary>A person has to approve it; the request is kept for that.</summary>
    AwaitsApproval,
}

/// <summary>What came of a question.</summary>
/// <param name="Grant">Empty unless granted.</param>
/// <param name="Fence">Rises over all grants that were ever given, over restores of the database too; 0 unless granted.</param>
/// <param name="Lifetime">Renew before; counted by the agent from when it sent the question. Zero unless granted.</param>
/// <param name="Why">One sentence with the rule and its numbers; goes to the node and into the audit.</param>
/// <param name="RetryAfter">Null: not known.</param>
public sealed record GrantDecision(GrantOutcome Outcome, string Grant, long Fence, TimeSpan Lifetime, string Why, TimeSpan? RetryAfter)
{
    public static GrantDecision Denied(string why, TimeSpan? retryAfter = null) => new(GrantOutcome.Denied, "", 0, TimeSpan.Zero, why, retryAfter);
}
