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
}
