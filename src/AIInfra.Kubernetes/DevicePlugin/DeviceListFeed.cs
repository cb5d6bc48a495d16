using System.Collections.Frozen;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Keeps the <see cref="DeviceList"/> of one resource. The first change goes out at once, then at most one list per
/// <see cref="Interval"/>: each one makes the kubelet rewrite its checkpoint.</summary>
/// <param name="given">Ids that pods hold already.</param>
internal sealed class DeviceListFeed(string resource, IEnumerable<string> given, Latest<NodeOffer> offers, Latest<DeviceHealth> health, TimeProvider time)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private long? _lastChange;
    private bool _isFirst = true;

    public Latest<DeviceList> Current { get; } = new(DeviceList.Before(resource, given, time.GetTimestamp()));

    /// <param name="withdrawn">See <see cref="Withdrawals"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Latest<FrozenSet<GoneUnit>> withdrawn, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (offer, healthy, gone) = (offers.Value, health.Value, withdrawn.Value);
            if (Step(offer, healthy, gone) is { } wait)
                await Task.Delay(wait, time, cancellationToken);
            else
                await FirstOf.WaitAsync(cancellationToken,
                    token => offers.WaitForChangeAsync(offer, token),
                    token => health.WaitForChangeAsync(healthy, token),
                    token => withdrawn.WaitForChangeAsync(gone, token));
        }
    }

    /// <summary>Takes in what the boards say now.</summary>
    /// <returns>How long the change must wait; null when there is none left to publish.</returns>
    internal TimeSpan? Step(NodeOffer offer, DeviceHealth healthy, FrozenSet<GoneUnit> withdrawn)
    {
        var current = Current.Value;
        var next = current.With(offer.Find(resource), healthy, time.GetTimestamp(), withdrawn);
        if (ReferenceEquals(next, current))
            return null;
        if (_isFirst)
        {
            _isFirst = false; // nobody has been told anything yet
        }
        else if (!next.TellsTheSame(current))
        {
            if (_lastChange is { } last && Interval - time.GetElapsedTime(last) is var wait && wait > TimeSpan.Zero)
                return wait;
            _lastChange = time.GetTimestamp();
        }
        Current.Publish(next);
        return null;
    }
}
