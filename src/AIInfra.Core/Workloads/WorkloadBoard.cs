using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sharing;

namespace AIInfra.Core.Workloads;

/// <summary>How metrics show the work on a device. Section <c>metrics</c>.</summary>
public sealed record WorkloadOptions
{
    /// <summary>A device that several pods share bears none of them; what can be divided among them is. False: it bears the last of them, as with dcgm-exporter.</summary>
    public bool SplitsShared { get; init; }
    /// <summary>Label <c>pod_uid</c>, where the API server tells it.</summary>
    public bool ShowsUid { get; init; }
}

/// <summary>Keeps who works on which device in step with the kubelet's answers. What did not change is not published anew, so that labels are rendered only when they are others.</summary>
public sealed class WorkloadBoard(
    InventoryBoard inventory, OfferBoard offers, PodResourcesBoard pods, PodDirectory directory, WorkloadOptions options) : IWorker
{
    public const string Part = "workloads";

    private (NodeInventory Inventory, NodeOffer Offer, DeviceIds Ids)? _ids;

    /// <summary>Published anew also when only their age is another.</summary>
    public Latest<Holdings> Current { get; } = new(Holdings.Unknown);

    /// <summary>What the page labels devices with.</summary>
    public Latest<Attribution> Attribution { get; } = new(Metrics.Attribution.None);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (devices, offer, held, known) = (inventory.Current.Value, offers.Current.Value, pods.Current.Value, directory.Current.Value);
            Refresh();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(
                inventory.Current.WaitForChangeAsync(devices, either.Token), offers.Current.WaitForChangeAsync(offer, either.Token),
                pods.Current.WaitForChangeAsync(held, either.Token), directory.Current.WaitForChangeAsync(known, either.Token));
            await either.CancelAsync(); // or each turn would leave waiters behind on the boards that stay quiet
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Looks once.</summary>
    internal void Refresh()
    {
        var (devices, offer) = (inventory.Current.Value, offers.Current.Value);
        if (_ids is not { } ids || ids.Inventory != devices || ids.Offer != offer)
            _ids = ids = (devices, offer, new DeviceIds(devices, offer));
        var (before, held) = (Current.Value, pods.Current.Value);
        var now = Holdings.Find(held, ids.Ids, directory.Current.Value);
        if (now.IsSameAs(before))
        {
            if (!ReferenceEquals(held, before.Pods))
                Current.Publish(before.SeenIn(held));
            return;
        }
        Current.Publish(now);
        Attribution.Publish(Attribute(now));
    }

    private Attribution Attribute(Holdings holdings)
    {
        var byDevice = holdings.All.GroupBy(holding => holding.Device.Id, StringComparer.Ordinal);
        return new Attribution(byDevice
            .Where(device => !options.SplitsShared || device.Count() == 1)
            .Select(device => KeyValuePair.Create(device.Key, WorkOf(device.Last()))));
    }

    internal Workload WorkOf(Holding holding)
    {
        var (holder, details) = (holding.Holder, holding.Details);
        ImmutableArray<KeyValuePair<string, string>> uid = options.ShowsUid && details is not null ? [new("pod_uid", details.Uid)] : [];
        return new Workload(holder.Namespace, holder.Pod, holder.Container) { More = details is null ? [] : [.. PodLabels.Named(details.Labels, prefix: ""), .. uid] };
    }
}
