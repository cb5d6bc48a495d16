using System.Collections.Frozen;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>Serves every offered resource to the kubelet, each on its own: what stops one does not stop the others.</summary>
public sealed partial class DevicePluginWorker(
    KubeletOptions options, OfferBoard offers, HealthBoard health, IEnumerable<IAllocator> allocators, WorkerBoard board, TimeProvider time,
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

    /// <summary>Starts a loop for each resource name that turns up. A resource is never dropped: its units stay listed, see <see cref="DeviceList"/>.</summary>
    private async Task StartEachAsync(KubeletFolderWatch folder, List<Task> loops, CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var seen = offers.Current.Value;
            foreach (var resource in seen.Resources.Select(resource => resource.Name).Where(known.Add).ToArray())
                loops.AddRange(Start(resource, folder, cancellationToken));
            var changed = offers.Current.WaitForChangeAsync(seen, cancellationToken);
            var first = await Task.WhenAny([changed, .. loops]);
            await first; // a loop ends only by a fault: then the supervisor starts all of this again
        }
    }

    private Task[] Start(string resource, KubeletFolderWatch folder, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger<KubeletRegistration>();
        var feed = new DeviceListFeed(resource, offers.Current, health.Current, time);
        feed.Step(offers.Current.Value, health.Current.Value); // the first list is there before anybody can ask for it
        var link = new KubeletLink(options.PluginFolder, resource,
            () => new DevicePluginService(resource, feed.Current, health, _allocators, logger), RegisterTimeout, time, loggers);
        var registration = new KubeletRegistration(resource, folder, link, board, time, Random.Shared.NextDouble, logger);
        return [feed.RunAsync(cancellationToken), RegisterAsync(feed.Current, registration, cancellationToken)];
    }

    /// <summary>A resource whose last unit went before it was listed is not registered with an empty list.</summary>
    private static async Task RegisterAsync(Latest<DeviceList> lists, KubeletRegistration registration, CancellationToken cancellationToken)
    {
        while (lists.Value is { Units.IsEmpty: true } empty)
            await lists.WaitForChangeAsync(empty, cancellationToken);
        await registration.RunAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Count} sockets of agents that are no longer running from {Folder}")]
    private partial void LogRemoved(int count, string folder);
}
