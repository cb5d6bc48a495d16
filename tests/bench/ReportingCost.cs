using System.Collections.Immutable;
using System.Diagnostics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Kubernetes.Api;
using AIInfra.Kubernetes.Reporting;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.Bench;

/// <summary>From a problem on the board to the condition at the API server, beside a bare patch; and what the client adds to the heap.</summary>
internal static class ReportingCost
{
    private const int Faults = 100;

    public static async Task RunAsync(TextWriter output)
    {
        await using var server = await ApiServerPeer.StartAsync("--nodes", "1");
        var time = TimeProvider.System;
        var before = Heap();
        using var health = new HealthBoard(time, "boot", []);
        var inventory = new InventoryBoard();
        inventory.Publish(TestGpus.Inventory(TestGpus.Switched(8)));
        using var ended = new CancellationTokenSource();
        var worker = new KubernetesWorker(
            new ReportingOptions { NodeName = ApiServerPeer.Node, Kubeconfig = server.Kubeconfig("agent-file"), Version = "bench" },
            new ReportingBoards(health, inventory, new WorkerBoard(), new VendorReleases(time, []), new VendorPauses(),
                new FeatureLabels(new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal))), new Nobody()),
            time, NullLoggerFactory.Instance);
        var running = worker.RunAsync(ended.Token);
        using var observer = new ApiClient(KubeconfigReader.ReadFile(server.Kubeconfig("admin"), time),
            new ApiClientOptions { Time = time, Budget = new RequestBudget(1000, 1000, time), UserAgent = "bench" });
        await using var changes = Watch(observer, ended.Token).GetAsyncEnumerator(ended.Token);
        await NextAsync(changes, "True");
        output.Row("reporting: heap that client, boards and loops hold, MB", (Heap() - before) / 1048576.0, budget: "3 MB");

        var (times, bare) = (new List<double>(), new List<double>());
        for (var fault = 0; fault < Faults; fault++)
        {
            await Task.Delay(1100); // a node at rest: changes of one condition within a second wait for it
            var started = Stopwatch.GetTimestamp();
            if (fault % 2 == 0)
                health.Report(TestGpus.Fatal(TestGpus.Id(3)) with { FlapWindow = TimeSpan.Zero, At = time.GetUtcNow() });
            else
                health.ReportHealthy("acme.fault.7", Subject.Device(TestGpus.Id(3)), "reads well");
            await NextAsync(changes, fault % 2 == 0 ? "False" : "True");
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            started = Stopwatch.GetTimestamp();
            await observer.GetAsync(ApiResources.Nodes, null, ApiServerPeer.Node, ended.Token);
            bare.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        foreach (var (name, share) in new[] { ("p50", 0.50), ("p99", 0.99) })
            output.Row($"reporting: problem on the board to the condition seen by a watch (baseline: a bare GET), {name}, ms", times.At(share), bare.At(share), name == "p99" ? "1 s" : null);
        await ended.CancelAsync();
        await running.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private static async IAsyncEnumerable<string> Watch(ApiClient observer, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var list = await observer.ListAsync(ApiResources.Nodes, null, null, cancellationToken);
        await foreach (var change in observer.WatchAsync(ApiResources.Nodes, null, null, list.Metadata.ResourceVersion!, cancellationToken))
        {
            if (change.Item.Status.Conditions.FirstOrDefault(condition => condition.Type == ConditionTable.Accelerator) is { } condition)
                yield return condition.Status;
        }
    }

    private static async Task NextAsync(IAsyncEnumerator<string> changes, string status)
    {
        while (await changes.MoveNextAsync())
        {
            if (changes.Current == status)
                return;
        }
        throw new InvalidOperationException("The watch ended.");
    }

    private static long Heap() => GC.GetTotalMemory(forceFullCollection: true);

    private sealed class Nobody : IDeviceHolders
    {
        public IReadOnlyList<DeviceHolder>? HoldersOf(string deviceId) => [];
    }
}
