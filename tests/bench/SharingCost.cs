using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>What it costs to offer eight devices 48 times each: memory beside the same devices unshared, and what the kubelet waits for.</summary>
internal static class SharingCost
{
    private const int Devices = 8, Replicas = 48;

    public static async Task RunAsync(TextWriter output)
    {
        var whole = await MeasureAsync(SharingPlan.None, _ => Task.CompletedTask);
        var shared = await MeasureAsync(new SharingPlan { Rules = [new ShareRule(TestGpus.Resource, Replicas)] }, kubelet => CallsAsync(kubelet, output));
        output.Row($"sharing: heap for {Devices} x {Replicas} replicas, MB more than unshared", (shared - whole) / 1e6, null, "2");
    }

    private static async Task CallsAsync(KubeletCost.Kubelet kubelet, TextWriter output)
    {
        var channel = await kubelet.PluginAsync(TestGpus.Resource);
        string[] ids = [.. Enumerable.Range(0, Devices).SelectMany(device => Enumerable.Range(0, Replicas).Select(replica => $"{TestGpus.Id(device)}::{replica}"))];
        var one = new AllocateRequest { ContainerRequests = { new ContainerAllocateRequest { DevicesIds = { ids[200] } } } };
        var eight = new AllocateRequest { ContainerRequests = { new ContainerAllocateRequest { DevicesIds = { ids.Where((_, place) => place % Replicas == 0) } } } };

        await KubeletCost.CompareAsync(output, $"Allocate 1 of {ids.Length} replicas", channel, () => channel.UnaryAsync(DevicePluginApi.Allocate, one));
        await KubeletCost.CompareAsync(output, $"Allocate 8 of {ids.Length} replicas", channel, () => channel.UnaryAsync(DevicePluginApi.Allocate, eight));
        var prefer = KubeletCost.Prefer(ids, 1);
        await KubeletCost.CompareAsync(output, $"GetPreferredAllocation 1 of {ids.Length} replicas", channel, () => channel.UnaryAsync(DevicePluginApi.GetPreferredAllocation, prefer));
    }

    /// <returns>Bytes of the heap that the served resource holds.</returns>
    private static async Task<long> MeasureAsync(SharingPlan plan, Func<KubeletCost.Kubelet, Task> use)
    {
        var root = Directory.CreateTempSubdirectory("aik-").FullName;
        using var ended = new CancellationTokenSource();
        using var health = new HealthBoard(TimeProvider.System, "boot", []);
        var inventory = new InventoryBoard();
        await using var kubelet = new KubeletCost.Kubelet(Path.Combine(root, DevicePluginApi.Folder));
        await kubelet.StartAsync();
        var offers = new OfferBoard(inventory, [new SharedOffers(new WholeDevices(TestGpus.Vendor), plan)], NullLogger<OfferBoard>.Instance);
        var boards = new KubeletBoards(offers, health, new PodResourcesBoard(), new WorkerBoard(), [new TestAllocator()], new NicBoard(), new HostPaths { Dev = Path.Combine(root, "no-dev") });
        var worker = new DevicePluginWorker(new KubeletOptions { Root = root }, boards, TimeProvider.System, NullLoggerFactory.Instance);
        var running = Task.WhenAll(offers.RunAsync(ended.Token), worker.RunAsync(ended.Token));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        inventory.Publish(TestGpus.Inventory(TestGpus.Switched(Devices)));
        await kubelet.PluginAsync(TestGpus.Resource);
        await Task.Delay(500); // the first list is read
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        await use(kubelet);
        await ended.CancelAsync();
        try
        {
            await running;
        }
        catch (OperationCanceledException)
        {
        }
        Directory.Delete(root, recursive: true);
        return held;
    }
}
