namespace AIInfra.Core.Hosting;

public static class Cancellation
{
    /// <summary>Completes, without an exception, when the token is cancelled.</summary>
    public static async Task WhenCancelledAsync(this CancellationToken cancellationToken)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(cancelled.SetResult);
        await cancelled.Task;
    }
}
