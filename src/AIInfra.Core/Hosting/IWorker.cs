namespace AIInfra.Core.Hosting;

/// <summary>A loop of the daemon. It knows nothing of hosting: the <see cref="Supervisor"/> starts it again after a fault.</summary>
public interface IWorker
{
    /// <summary>Runs until cancelled. Returning means the work is done for good; throwing means "start me again".</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
