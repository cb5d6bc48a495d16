using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.VendorHost;

/// <summary>Where somebody else holds a vendor's devices as well and can be asked to stand aside (an operator's pods, by labels of the node).</summary>
public sealed class VendorPauses
{
    private readonly Latest<ImmutableHashSet<string>> _paused = new([]);

    /// <summary>Somebody asks others to stand aside, so that it is worth waiting for. Set once, before any vendor is served.</summary>
    public bool IsUsed { get; set; }

    /// <summary>The vendors whose other holders have been asked. Those not named may come back.</summary>
    public void Paused(ImmutableHashSet<string> vendors)
    {
        if (!_paused.Value.SetEquals(vendors))
            _paused.Publish(vendors);
    }

    /// <summary>Waits until they were asked, but not for long: the release does not depend on it.</summary>
    internal async Task WaitAsync(string vendor, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!IsUsed)
            return;
        using var patience = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await foreach (var paused in _paused.WatchAsync(either.Token))
            {
                if (paused.Contains(vendor))
                    return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The API server does not answer; the proof names who still holds a node.
        }
    }
}
