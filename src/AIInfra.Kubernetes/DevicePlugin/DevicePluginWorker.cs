using System.Collections.Frozen;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Offers every resource of the inventory to the kubelet, each on its own: what stops one does not stop the others.</summary>
public sealed partial class DevicePluginWorker(
    KubeletOptions options, InventoryBoard inventory, HealthBoard health, IEnumerable<IAllocator> allocators, WorkerBoard board, TimeProvider time,
    ILoggerFactory loggers) : IWorker
{
    private readonly ILogger _logger = loggers.CreateLogger<DevicePluginWorker>();
    private readonly FrozenDictionary<string, IAllocator> _allocators = allocators.ToFrozenDictionary(allocator => allocator.Vendor, StringComparer.Ordinal);

    /// <summary>Covers the kubelet's own 10 s for dialling us, and its options call.</summary>
    internal TimeSpan RegisterTimeout { get; init; } = TimeSpan.FromSeconds(15);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!options.DevicePlugins)
            return;
        if (DevicePluginServer.RemoveStale(options.PluginFolder) is var removed and > 0)
            LogRemoved(removed, options.PluginFolder);

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var folder = new KubeletFolderWatch(options.PluginFolder, time);
        folder.Refresh();
        List<Task> loops = [folder.RunAsync(ended.Token)];
        try
        {
            await StartEachAsync(folder, loops, ended.Token);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Starts a loop for each resource name that turns up. A resource is never dropped: its devices stay listed, see <see cref="DeviceList"/>.</summary>
    private async Task StartEachAsync(KubeletFolderWatch folder, List<Task> loops, CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var seen = inventory.Current.Value;
            foreach (var resource in seen.Devices.Where(device => !device.IsHeldBack).Select(device => device.ResourceName).Where(known.Add).ToArray())
            {
                if (ResourceName.Fault(resource) is { } fault)
                    LogBadName(resource, fault);
                else
                    loops.AddRange(Start(resource, folder, cancellationToken));
            }
            var changed = inventory.Current.WaitForChangeAsync(seen, cancellationToken);
            var first = await Task.WhenAny([changed, .. loops]);
            await first; // a loop ends only by a fault: then the supervisor starts all of this again
        }
    }

    private Task[] Start(string resource, KubeletFolderWatch folder, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger<KubeletRegistration>();
        var feed = new DeviceListFeed(resource, inventory, health, time, logger);
        feed.Step(inventory.Current.Value, health.Current.Value); // the first list is there before anybody can ask for it
        var link = new KubeletLink(options.PluginFolder, resource,
            () => new DevicePluginService(resource, feed.Current, health, _allocators, logger), RegisterTimeout, time, loggers);
        var registration = new KubeletRegistration(resource, folder, link, board, time, Random.Shared.NextDouble, logger);
        return [feed.RunAsync(cancellationToken), RegisterAsync(feed.Current, registration, cancellationToken)];
    }

    /// <summary>A resource none of whose devices can be offered is not registered with an empty list.</summary>
    private static async Task RegisterAsync(Latest<DeviceList> lists, KubeletRegistration registration, CancellationToken cancellationToken)
    {
        while (lists.Value is { Devices.IsEmpty: true } empty)
            await lists.WaitForChangeAsync(empty, cancellationToken);
        await registration.RunAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Count} sockets of agents that are no longer running from {Folder}")]
    private partial void LogRemoved(int count, string folder);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Resource} is not a resource name: {Fault}. Its devices are not offered; other resources are")]
    private partial void LogBadName(string resource, string fault);
}
