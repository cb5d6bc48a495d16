using AIInfra.Core.Hosting;
using AIInfra.Kubernetes.Api;

namespace AIInfra.Aggregator.Store;

/// <summary>The beat of the parts that work on the database.</summary>
internal static class StoreBeat
{
    /// <summary>Does something now and on each beat, one after the other, until it is cancelled. A beat that the database did not take part in is passed over: the
    /// database has said so itself, and what is undone is found again by the next.</summary>
    public static async Task EachAsync(TimeSpan beat, TimeProvider time, Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(beat, time);
        do
        {
            try
            {
                await act(cancellationToken);
            }
            catch (StoreException)
            {
                // See above.
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>The same; /readyz shows whether the last beat was done, or why the database or the API server did not take part in it.</summary>
    /// <param name="part">Its name there.</param>
    public static Task EachAsync(TimeSpan beat, TimeProvider time, WorkerBoard parts, string part, Func<CancellationToken, Task> act, CancellationToken cancellationToken) => EachAsync(beat, time, async token =>
    {
        try
        {
            await act(token);
            parts.Ready(part);
        }
        catch (Exception fault) when (fault is StoreException or ApiException)
        {
            parts.NotReady(part, fault.Message);
        }
    }, cancellationToken);
}
