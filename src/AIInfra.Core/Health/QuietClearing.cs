using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health;

/// <summary>Clears problems that have been quiet for long enough, when they are due; sleeps while none waits for it.</summary>
public sealed class QuietClearing(HealthBoard board, TimeProvider time) : IWorker
{
    private const double LeastMilliseconds = 1, MostMilliseconds = 24 * 60 * 60 * 1000; // what a timer can count

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = board.Current.Value;
            var due = board.ExpireQuiet();
            var change = board.Current.WaitForChangeAsync(seen, cancellationToken);
            if (due is { } wait)
                await FirstOfAsync(change, wait, cancellationToken);
            else
                await change;
        }
    }

    private async Task FirstOfAsync(Task change, TimeSpan wait, CancellationToken cancellationToken)
    {
        // Whole milliseconds, rounded up: a timer that fires a little early would find nothing due, again and again.
        var milliseconds = Math.Clamp(Math.Ceiling(wait.TotalMilliseconds), LeastMilliseconds, MostMilliseconds);
        try
        {
            await change.WaitAsync(TimeSpan.FromMilliseconds(milliseconds), time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Due: the next turn clears it.
        }
    }
}
