namespace AIInfra.Core.Health.Probes;

/// <summary>Has a problem looked for now instead of at the next beat.</summary>
public interface IProblemLooks
{
    /// <summary>Runs the probes once that report such a problem and are switched on; what they find is on the health board when this returns. Does nothing where none does.</summary>
    Task LookForAsync(string problemId, CancellationToken cancellationToken);
}
