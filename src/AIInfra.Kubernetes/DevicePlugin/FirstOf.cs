namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Waits for the first of several things without leaving waits behind on those that did not happen.</summary>
internal static class FirstOf
{
    /// <summary>Returns when one of them has completed; the others are cancelled.</summary>
    public static async Task WaitAsync(CancellationToken cancellationToken, params Func<CancellationToken, Task>[] waits)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(waits.Select(wait => wait(ended.Token)).ToArray());
        await ended.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
