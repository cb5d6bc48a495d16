using AIInfra.Core.Health;

namespace AIInfra.Core.Remediation;

/// <summary>Permission for one disruptive operation. The engine asks the local limits of the policy first, then every one that is registered, in order: a lease of the
/// failure domain, or the aggregator. All must grant and all are held; losing one ends the step. So nothing that comes from elsewhere can widen the policy.</summary>
public interface IGrants
{
    /// <summary>Asks once; does not wait for a turn.</summary>
    /// <exception cref="OperationCanceledException">Only of <paramref name="cancellationToken"/>; whatever else goes wrong is a refusal.</exception>
    Task<GrantAnswer> AskAsync(GrantRequest request, CancellationToken cancellationToken);
}

/// <param name="Operation">The same operation asked again gets the grant it has.</param>
/// <param name="Scope">What becomes unavailable: a device's or the node's share of the domain.</param>
public sealed record GrantRequest(string Operation, string Action, DrainScope Scope)
{
    /// <summary>What it is for: nodes of one job are disrupted for the same problem together, never for two. Empty where a person asked.</summary>
    public string ProblemId { get; init; } = "";
    /// <summary>On what the problem stands.</summary>
    public Subject Subject { get; init; }
}

/// <param name="Grant">Null: refused.</param>
/// <param name="Why">One sentence: who refused, and when it is worth asking again.</param>
public sealed record GrantAnswer(IGrant? Grant, string Why)
{
    public static GrantAnswer Refused(string why) => new(null, why);
}

/// <summary>A permission that is held and renewed while it is needed.</summary>
public interface IGrant : IAsyncDisposable
{
    /// <summary>Cancelled when the holder has to stop: it was taken back, or could not be renewed in time. Before others may start.</summary>
    CancellationToken Lost { get; }

    /// <summary>True while it may be acted on. Asked right before the act.</summary>
    bool IsHeld { get; }
}
