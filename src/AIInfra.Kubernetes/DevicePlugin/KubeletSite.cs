using System.Collections.Frozen;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.PodResources;
using Microsoft.Extensions.Logging;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>What the kubelet is served from. One for all kubelets.</summary>
public sealed record KubeletBoards(OfferBoard Offers, HealthBoard Health, PodResourcesBoard Pods, WorkerBoard Parts, IEnumerable<IAllocator> Allocators, NicBoard Nics, HostPaths Host);

/// <summary>One kubelet of the node: every offered resource is served to it on its own, and it is asked who holds what.</summary>
internal sealed partial class KubeletSite : IDisposable
{
    private readonly KubeletOptions _options;
    private readonly string _root;
    private readonly KubeletBoards _boards;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TimeSpan _registerTimeout;
    private readonly FrozenDictionary<string, IAllocator> _allocators;
    private readonly DeviceNodeCheck _nodes;
    private readonly KubeletFolderWatch _folder;
    private readonly PluginFolderLock _guard;
    private readonly PodResourcesClient? _client;
    private readonly PodResourcesReader? _pods;
    private readonly AllocatableReader? _views;
    private readonly string _suffix;

    public KubeletSite(KubeletOptions options, string root, KubeletBoards boards, TimeSpan registerTimeout, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _root, _boards, _time, _loggers, _registerTimeout) = (options, root, boards, time, loggers, registerTimeout);
        _logger = loggers.CreateLogger<KubeletSite>();
        _allocators = boards.Allocators.ToFrozenDictionary(allocator => allocator.Vendor, StringComparer.Ordinal);
        _nodes = new DeviceNodeCheck(boards.Host);
        _folder = new KubeletFolderWatch(Folder, time);
        _guard = new PluginFolderLock(Folder);
        _suffix = options.Roots.Length > 1 ? $" {root}" : ""; // with one kubelet there is nothing to tell apart
        if (!options.PodResources)
            return;
        _client = new PodResourcesClient(root, time);
        _pods = new PodResourcesReader(root, $"pod resources{_suffix}", _client, boards.Pods, boards.Parts, time, loggers.CreateLogger<PodResourcesReader>());
        _views = new AllocatableReader(_client, time, loggers.CreateLogger<AllocatableReader>());
    }

    private string Folder => Path.Combine(_root, _options.Registration == KubeletRegistrationMode.Registry ? PluginRegistrationApi.Folder : DevicePluginApi.Folder);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (DevicePluginServer.RemoveStale(Folder) is var removed and > 0)
            LogRemoved(removed, Folder);
        if (_pods is null)
            _boards.Pods.Publish(_root, PodResourcesSnapshot.Unknown("kubelet.podResources is false.", PodResourcesGap.Off));

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _folder.Refresh();
        List<Task> loops = [_folder.RunAsync(ended.Token)];
        if (_pods is not null)
            loops.AddRange([_pods.RunAsync(ended.Token), _views!.RunAsync(ended.Token)]);
        try
        {
            await StartEachAsync(loops, ended.Token);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    public void Dispose()
    {
        _guard.Dispose();
        _client?.Dispose();
    }

    /// <summary>Starts loops for each resource name that turns up. A resource is never dropped: its units stay listed, see <see cref="DeviceList"/>.</summary>
    private async Task StartEachAsync(List<Task> loops, CancellationToken cancellationToken)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var seen = _boards.Offers.Current.Value;
            foreach (var resource in seen.Resources.Select(resource => resource.Name).Where(known.Add).ToArray())
                loops.AddRange(Start(resource, cancellationToken));
            var changed = _boards.Offers.Current.WaitForChangeAsync(seen, cancellationToken);
            var first = await Task.WhenAny([changed, .. loops]);
            await first; // a loop ends only by a fault: then the supervisor starts all of this again
        }
    }

    private Task[] Start(string resource, CancellationToken cancellationToken)
    {
        var given = KubeletCheckpoint.Read(Path.Combine(_root, DevicePluginApi.Folder))?.ByResource.GetValueOrDefault(resource) ?? FrozenSet<string>.Empty;
        var feed = new DeviceListFeed(resource, given, _boards.Offers.Current, _boards.Health.Devices, _time);
        feed.Step(_boards.Offers.Current.Value, _boards.Health.Devices.Value, FrozenSet<GoneUnit>.Empty); // the first list is there before anybody can ask for it
        var calls = new AllocateCalls(_time, () => _pods?.Nudge());
        var pods = _pods?.Current ?? new Latest<PodResourcesSnapshot>(PodResourcesSnapshot.Unknown("kubelet.podResources is false.", PodResourcesGap.Off));
        var withdrawals = new Withdrawals(feed.Current, pods, calls, () => KubeletCheckpoint.Read(Path.Combine(_root, DevicePluginApi.Folder)), _time);
        return
        [
            feed.RunAsync(withdrawals.Current, cancellationToken), withdrawals.RunAsync(cancellationToken),
            RegisterAsync(feed.Current, NewRegistration(resource, feed.Current, calls), cancellationToken),
        ];
    }

    private Func<CancellationToken, Task> NewRegistration(string resource, Latest<DeviceList> lists, AllocateCalls calls)
    {
        var allocation = new Allocation(resource, _allocators, _nodes, _time);
        var view = new KubeletViewWatch(resource, _views, _time);
        var state = new RegistrationState($"kubelet{_suffix} {resource}", _boards.Parts);
        DevicePluginService NewService() => new(lists, _boards.Health.Current, _boards.Nics.Current, allocation, calls, _time, _loggers.CreateLogger<DevicePluginService>());
        if (_options.Registration == KubeletRegistrationMode.Registry)
        {
            return new RegistryRegistration(resource, _folder, async (answers, token) =>
            {
                if (!_guard.TryHold())
                    throw new AnotherAgentException(Folder);
                var service = NewService();
                return await DevicePluginServer.StartAsync(Folder, resource, answers.AddTo(service.Methods()), service.Streams, _time, _loggers, token);
            }, view, state, _time, _loggers.CreateLogger<RegistryRegistration>()).RunAsync;
        }
        var link = new KubeletLink(Folder, _guard, resource, NewService, _registerTimeout, _time, _loggers);
        return new KubeletRegistration(resource, _folder, link, view, state, _time, Random.Shared.NextDouble, _loggers.CreateLogger<KubeletRegistration>()).RunAsync;
    }

    /// <summary>A resource whose last unit went before it was listed is not registered with an empty list.</summary>
    private static async Task RegisterAsync(Latest<DeviceList> lists, Func<CancellationToken, Task> registration, CancellationToken cancellationToken)
    {
        while (lists.Value is { Units.IsEmpty: true } empty)
            await lists.WaitForChangeAsync(empty, cancellationToken);
        await registration(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Count} sockets of agents that are no longer running from {Folder}")]
    private partial void LogRemoved(int count, string folder);
}
