namespace AIInfra.Core.Remediation;

/// <summary>The aggregator, as far as it does node steps (cordon, drain, uncordon) with its own account for the holder of a grant. Asked with the step's id: asking again does nothing twice.</summary>
public interface IAggregatorSteps
{
    /// <summary>Null when it can be asked; else why not, as a sentence.</summary>
    string? WhyNot { get; }

    /// <summary>Has a step done, and waits for its end.</summary>
    /// <param name="planned">With the scope of the drain and the reset group.</param>
    /// <param name="cancellationToken">As of <see cref="IRemediationAction.RunAsync"/>.</param>
    Task<ActionResult> DoAsync(ActionStep planned, CancellationToken cancellationToken);

    /// <summary>What became of a step that was asked for before; changes nothing.</summary>
    Task<ActionResult> LookAsync(ActionStep planned, CancellationToken cancellationToken);
}
