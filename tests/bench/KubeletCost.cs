using System.Diagnostics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using AIInfra.Linux.Processes;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What the kubelet waits for: calls on the plugin's socket against an empty call on the same socket, a fault's way into the list,
/// and a restarted kubelet's way back to its devices.</summary>
internal static class KubeletCost
{
    private const int Calls = 3000, WarmUp = 1000, Faults = 40, Restarts = 20, FlapTurns = 3;
    private const string Large = "acme.com/gpu16", Parts = "acme.com/part", Shared = "acme.com/shared", Unlike = "acme.com/unlike";
    private static readonly TimeSpan FlapTime = TimeSpan.FromSeconds(4);

    /// <summary>A device that is in one resource only.</summary>
    private static readonly Subject Flapper = Subject.Device(TestGpus.Id(9));

    public static async Task RunAsync(TextWriter output)
    {
        var root = Directory.CreateTempSubdirectory("aik-").FullName;
        using var ended = new CancellationTokenSource();
        using var health = new HealthBoard(TimeProvider.System, "boot", []);
        var inventory = new InventoryBoard();
        inventory.Publish(TestGpus.Inventory(
        [
            .. TestGpus.Switched(8), .. TestGpus.Switched(24).Skip(8).Select(device => device with { ResourceName = Large }),
            .. TestGpus.Switched(56).Skip(40).Select(device => device with
            {
                ResourceName = Unlike, Links = [.. device.Links.Select((link, place) => link with { Count = 1 + (device.Index * 7 + place * place) % 17 })],
            }),
            .. TestGpus.Partitions(8, 7).Select(part => part with { ResourceName = Parts }),
        ]));
        await using var kubelet = new Kubelet(Path.Combine(root, DevicePluginApi.Folder));
        var offers = new OfferBoard(inventory, [new AlsoShared()], NullLogger<OfferBoard>.Instance);
        var boards = new KubeletBoards(offers, health, new PodResourcesBoard(), new WorkerBoard(), [new TestAllocator()], new NicBoard(), new HostPaths { Dev = Path.Combine(root, "no-dev") });
        var worker = new DevicePluginWorker(new KubeletOptions { Root = root }, boards, TimeProvider.System, NullLoggerFactory.Instance);
        await kubelet.StartAsync();
        var running = Task.WhenAll(offers.RunAsync(ended.Token), worker.RunAsync(ended.Token));

        await CallsAsync(kubelet, output);
        await FaultsAsync(kubelet, health, output);
        Flapping(kubelet, health, output);
        await RestartsAsync(kubelet, output);
        Audit(output);

        await ended.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
        }
        Directory.Delete(root, recursive: true);
    }

    private static async Task CallsAsync(Kubelet kubelet, TextWriter output)
    {
        var (small, large) = (await kubelet.PluginAsync(TestGpus.Resource), await kubelet.PluginAsync(Large));
        var allocate = new AllocateRequest { ContainerRequests = { new ContainerAllocateRequest { DevicesIds = { Ids(0, 8) } } } };
        var (four, eight) = (Prefer(Ids(0, 8), 4), Prefer(Ids(8, 16), 8));

        await CompareAsync(output, "Allocate 8 GPUs", small, () => small.UnaryAsync(DevicePluginApi.Allocate, allocate), "1 ms");
        await CompareAsync(output, "GetPreferredAllocation 4 of 8", small, () => small.UnaryAsync(DevicePluginApi.GetPreferredAllocation, four), "2 ms");
        await CompareAsync(output, "GetPreferredAllocation 8 of 16", large, () => large.UnaryAsync(DevicePluginApi.GetPreferredAllocation, eight), "2 ms");
        var unlike = await kubelet.PluginAsync(Unlike);
        var hardest = Prefer(Ids(40, 16), 8);
        await CompareAsync(output, "GetPreferredAllocation 8 of 16, no two linked alike", unlike, () => unlike.UnaryAsync(DevicePluginApi.GetPreferredAllocation, hardest));
        var (parts, shared) = (await kubelet.PluginAsync(Parts), await kubelet.PluginAsync(Shared));
        var seven = Prefer(TestGpus.Partitions(8, 7).Select(part => part.Id), 7);
        var replicas = Prefer(TestGpus.Replicas(TestGpus.Switched(8), 48).Select(unit => unit.Id), 4);
        await CompareAsync(output, "GetPreferredAllocation 7 of 56 partitions", parts, () => parts.UnaryAsync(DevicePluginApi.GetPreferredAllocation, seven), "2 ms");
        await CompareAsync(output, "GetPreferredAllocation 4 of 384 replicas", shared, () => shared.UnaryAsync(DevicePluginApi.GetPreferredAllocation, replicas));
    }

    private static async Task FaultsAsync(Kubelet kubelet, HealthBoard health, TextWriter output)
    {
        var channel = await kubelet.PluginAsync(TestGpus.Resource);
        var (times, empty) = (new List<double>(), new List<double>());
        await using var lists = channel.ServerStreamingAsync(DevicePluginApi.ListAndWatch, new Empty()).GetAsyncEnumerator();
        await lists.MoveNextAsync();
        for (var fault = 0; fault < Faults; fault++)
        {
            await Task.Delay(150); // a node at rest: a second change within 100 ms waits for the first
            var started = Stopwatch.GetTimestamp();
            health.Report(TestGpus.Fatal(TestGpus.Id(3)));
            await lists.MoveNextAsync();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(150);
            health.ReportHealthy("acme.fault.7", Subject.Device(TestGpus.Id(3)), "reads well");
            await lists.MoveNextAsync();
            empty.Add(await TimeAsync(() => channel.UnaryAsync(DevicePluginApi.GetOptions, new Empty())));
        }
        Print(output, "fault on the board to the kubelet's list", times, empty, "50 ms");
    }

    /// <summary>A device that fails and recovers a hundred times a second: as the board takes it by default, which holds what comes back too often, and
    /// with every change let through. The processor time is that of this whole process, the stand-in kubelet included, less that of the same beat alone;
    /// the middle one of several turns, after one that warms up.</summary>
    private static void Flapping(Kubelet kubelet, HealthBoard health, TextWriter output)
    {
        var (held, through, told) = (new List<double>(), new List<double>(), 0);
        for (var turn = 0; turn <= FlapTurns; turn++)
        {
            var alone = Busy(_ => { });
            var withHold = Busy(beat => Flap(beat, HealthBoard.FlapWindow)) - alone;
            health.Clear("acme.fault.7", Flapper);
            var before = kubelet.Lists;
            var withNone = Busy(beat => Flap(beat, TimeSpan.Zero)) - alone;
            if (turn == 0)
                continue;
            held.Add(withHold);
            through.Add(withNone);
            told += kubelet.Lists - before;
        }
        output.Row("kubelet: device flapping 100 times/s: % of one core more", At(held, 0.5), null, "1");
        output.Row("kubelet: device flapping 100 times/s, nothing held: % of one core more", At(through, 0.5));
        output.Row("kubelet: device flapping 100 times/s, nothing held: messages per second", told / FlapTurns / FlapTime.TotalSeconds, null, "10");

        void Flap(int beat, TimeSpan window)
        {
            if (beat % 2 == 0)
                health.Report(TestGpus.Fatal(Flapper.Id) with { FlapWindow = window, At = DateTimeOffset.UtcNow });
            else
                health.ReportHealthy("acme.fault.7", Flapper, "reads well");
        }
    }

    /// <summary>Acts a hundred times a second, an even number of times, on this thread.</summary>
    /// <returns>Percent of one core.</returns>
    private static double Busy(Action<int> act)
    {
        var (started, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        for (var beat = 0; Stopwatch.GetElapsedTime(started) < FlapTime || beat % 2 != 0; beat++)
        {
            act(beat);
            Thread.Sleep(10);
        }
        return (Environment.CpuUsage.TotalTime - before) / Stopwatch.GetElapsedTime(started) * 100;
    }

    /// <summary>The part of the allocation audit that costs: a look at the open files of every process of this machine.</summary>
    private static void Audit(TextWriter output)
    {
        var files = new OpenFiles("/proc");
        var processes = Directory.EnumerateDirectories("/proc").Count(folder => int.TryParse(Path.GetFileName(folder), out _));
        const int rounds = 50;
        files.Below(["/dev/acme"], CancellationToken.None);
        var before = Environment.CpuUsage.TotalTime;
        for (var round = 0; round < rounds; round++)
            files.Below(["/dev/acme"], CancellationToken.None);
        var spent = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds / rounds;
        output.Note($"kubelet: the audit looks through /proc once a minute; {processes} processes here");
        output.Row("kubelet: allocation audit, processor time for 1,000 processes, ms", spent / processes * 1000, null, "120 (1/500 of a core)");
    }

    private static async Task RestartsAsync(Kubelet kubelet, TextWriter output)
    {
        var (back, bare) = (new List<double>(), new List<double>());
        for (var restart = 0; restart < Restarts; restart++)
        {
            var started = Stopwatch.GetTimestamp();
            await kubelet.RestartAsync();
            bare.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.WhenAll(kubelet.PluginAsync(TestGpus.Resource), kubelet.PluginAsync(Large));
            back.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        Print(output, "kubelet restart to two resources listed (baseline: the restart alone)", back, bare, "1 s");
    }

    internal static PreferredAllocationRequest Prefer(IEnumerable<string> available, int size) => new()
    {
        ContainerRequests = { new ContainerPreferredAllocationRequest { AvailableDeviceIDs = { available }, AllocationSize = size } },
    };

    private static IEnumerable<string> Ids(int from, int count) => Enumerable.Range(from, count).Select(TestGpus.Id);

    /// <summary>Times a call and an empty one in turn, so that both see the same machine.</summary>
    internal static async Task CompareAsync<T>(TextWriter output, string what, GrpcChannel channel, Func<Task<T>> call, string? budget = null)
    {
        var (times, empty) = (new List<double>(Calls), new List<double>(Calls));
        for (var index = -WarmUp; index < Calls; index++)
        {
            var (time, baseline) = (await TimeAsync(call), await TimeAsync(() => channel.UnaryAsync(DevicePluginApi.GetOptions, new Empty())));
            if (index < 0)
                continue;
            times.Add(time);
            empty.Add(baseline);
        }
        Print(output, what, times, empty, budget);
    }

    /// <returns>Milliseconds.</returns>
    private static async Task<double> TimeAsync<T>(Func<Task<T>> call)
    {
        var started = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static void Print(TextWriter output, string what, List<double> values, List<double> baseline, string? budget)
    {
        foreach (var (name, share) in new[] { ("p50", 0.50), ("p99", 0.99) })
        {
            var (value, other) = (At(values, share), At(baseline, share));
            output.Row($"kubelet: {what}, {name}, ms", value, other, name == "p99" ? budget : null);
        }
    }

    private static double At(List<double> values, double share) => values.Order().ElementAt(Math.Min(values.Count - 1, (int)(values.Count * share)));

    /// <summary>Offers each board of the first resource 48 times over, under another name, beside all else.</summary>
    private sealed class AlsoShared : IOfferPolicy
    {
        public string Vendor => TestGpus.Vendor;

        public Offer Decide(VendorInventory inventory)
        {
            var whole = new WholeDevices(Vendor).Decide(inventory);
            return whole with { Resources = [.. whole.Resources, new OfferedResource { Name = Shared, Units = TestGpus.Replicas(TestGpus.Switched(8), 48) }] };
        }
    }

    /// <summary>Just enough of a kubelet to be registered with; in this process, so that times are taken on one clock.</summary>
    internal sealed class Kubelet(string folder) : IAsyncDisposable
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<string, TaskCompletionSource<GrpcChannel>> _plugins = [];
        private readonly List<GrpcChannel> _channels = [];
        private GrpcServer? _server;
        private int _lists;

        /// <summary>Lists of all resources that came so far.</summary>
        public int Lists => Volatile.Read(ref _lists);

        /// <summary>A channel to the plugin of a resource, once its first list has come.</summary>
        public Task<GrpcChannel> PluginAsync(string resource)
        {
            lock (_gate)
                return Plugin_NeedsLock(resource).Task;
        }

        public async Task StartAsync()
        {
            Directory.CreateDirectory(folder);
            foreach (var socket in Directory.EnumerateFiles(folder, "*.sock"))
                File.Delete(socket);
            _server = await GrpcServer.StartAsync(
                new GrpcServerOptions { SocketPath = Path.Combine(folder, DevicePluginApi.KubeletSocket) },
                new GrpcServiceTable().Unary(DevicePluginApi.Register, (request, _) => RegisterAsync(request)),
                TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        }

        public async Task RestartAsync()
        {
            await DisposeAsync();
            lock (_gate)
                _plugins.Clear();
            await StartAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is not null)
                await _server.DisposeAsync();
            foreach (var channel in _channels)
                channel.Dispose();
            _channels.Clear();
        }

        private async Task<Empty> RegisterAsync(RegisterRequest request)
        {
            var channel = GrpcChannel.ForUnixSocket(Path.Combine(folder, request.Endpoint));
            lock (_gate)
                _channels.Add(channel);
            await channel.UnaryAsync(DevicePluginApi.GetOptions, new Empty());
            var lists = channel.ServerStreamingAsync(DevicePluginApi.ListAndWatch, new Empty()).GetAsyncEnumerator();
            _ = ListAsync(request.ResourceName, lists, channel); // the stream lives as long as the channel
            return new Empty();
        }

        private async Task ListAsync(string resource, IAsyncEnumerator<ListAndWatchResponse> lists, GrpcChannel channel)
        {
            try
            {
                while (await lists.MoveNextAsync())
                {
                    Interlocked.Increment(ref _lists);
                    lock (_gate)
                        Plugin_NeedsLock(resource).TrySetResult(channel);
                }
            }
            catch (GrpcException)
            {
                // The plugin stopped, or this kubelet restarts.
            }
        }

        private TaskCompletionSource<GrpcChannel> Plugin_NeedsLock(string resource)
        {
            if (!_plugins.TryGetValue(resource, out var plugin))
                _plugins[resource] = plugin = new TaskCompletionSource<GrpcChannel>(TaskCreationOptions.RunContinuationsAsynchronously);
            return plugin;
        }
    }
}
