using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.FunctionalTests.Metrics;

/// <summary>Series of the agent's page beside those of kube-state-metrics and cAdvisor, in Prometheus' own query engine (promtool test rules).</summary>
/// <remarks>The others' series stand in testdata/cluster-series.txt, with the names and labels that those two have.</remarks>
public sealed class JoinTests
{
    [Fact]
    public async Task They_join_by_namespace_pod_and_container()
    {
        using var folder = new Folder();
        var series = Page().Concat(await File.ReadAllLinesAsync(RepositoryRoot.Combine("tests", "FunctionalTests", "Metrics", "testdata", "cluster-series.txt"), TestContext.Current.CancellationToken))
            .Where(line => line.Length > 0 && !line.StartsWith('#')).ToArray();
        var test = new StringBuilder("evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n");
        foreach (var line in series)
        {
            var space = line.LastIndexOf(' ');
            test.Append(CultureInfo.InvariantCulture, $"      - series: '{line[..space].Replace("'", "''", StringComparison.Ordinal)}'\n        values: '{line[(space + 1)..]}x10'\n");
        }
        test.Append("    promql_expr_test:\n");
        void Expect(string query, params (string Labels, double Value)[] samples)
        {
            test.Append(CultureInfo.InvariantCulture, $"      - expr: '{query}'\n        eval_time: 5m\n        exp_samples:\n");
            foreach (var (labels, value) in samples)
                test.Append(CultureInfo.InvariantCulture, $"          - labels: '{labels}'\n            value: {value}\n");
        }

        // Utilization by the team that a pod's label names (kube-state-metrics).
        Expect("sum by (label_team) (DCGM_FI_DEV_GPU_UTIL * on (namespace, pod) group_left (label_team) kube_pod_labels)", ("{label_team=\"llm\"}", 100), ("{label_team=\"vision\"}", 25));
        // GPUs asked for against GPUs in hand.
        Expect("sum by (namespace, pod) (kube_pod_container_resource_requests{resource=\"nvidia_com_gpu\"}) - on (namespace, pod) count by (namespace, pod) (DCGM_FI_DEV_GPU_TEMP{pod!=\"\"})",
            ("{namespace=\"ml\", pod=\"train-0\"}", 0), ("{namespace=\"ml\", pod=\"detect-7\"}", 0));
        // Host CPU beside the GPU (cAdvisor), by container.
        Expect("hw_gpu_utilization_ratio{hw_gpu_task=\"general\", vendor=\"nvidia\", index=\"2\"} * on (namespace, pod, container) group_left () (container_memory_working_set_bytes > 0) / 1e9",
            ("{hw_id=\"GPU-2\", vendor=\"nvidia\", index=\"2\", hw_gpu_task=\"general\", namespace=\"ml\", pod=\"detect-7\", container=\"serve\"}", 1));
        // Shared by two: both are in the info series, with the phase of each.
        Expect("count by (device) (aiinfra_agent_device_allocation_info * on (namespace, pod) group_left () (kube_pod_status_phase{phase=\"Running\"} == 1)) > 1", ("{device=\"GPU-3\"}", 2));
        // A device that nobody holds has no pod label and joins with nothing.
        Expect("count(DCGM_FI_DEV_GPU_TEMP{pod=\"\"})", ("{}", 1));
        // What is held, joined with the owner.
        Expect("sum by (owner_name) (aiinfra_agent_device_allocation_info * on (namespace, pod) group_left (owner_name) kube_pod_owner{owner_kind=\"StatefulSet\"})", ("{owner_name=\"train\"}", 2));

        var file = folder.Write("join.yaml", test.ToString());
        await using var promtool = PeerProcess.Start("promtool", ["test", "rules", file]);
        Assert.True(await promtool.WaitForExitAsync(TestContext.Current.CancellationToken) == 0, promtool.Transcript);
        Assert.Contains("SUCCESS", promtool.Transcript, StringComparison.Ordinal);
    }

    /// <summary>Two boards of a training pod, one of a serving pod, one that two pods share, one that is free.</summary>
    private static string[] Page()
    {
        var (time, inventory, samples, pods) = (new ManualTime(), new InventoryBoard(), new SampleBoard(), new PodResourcesBoard());
        inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, Devices = [.. Enumerable.Range(0, 5).Select(Gpu)] });
        var offers = new OfferBoard(inventory, [], NullLogger<OfferBoard>.Instance);
        offers.Refresh();
        pods.Publish("/kubelet", PodResourcesSnapshot.Of(time.GetUtcNow(),
        [
            Held("GPU-0", "train-0", "main"), Held("GPU-1", "train-0", "main"), Held("GPU-2", "detect-7", "serve"), Held("GPU-3::0", "note-a", "lab"), Held("GPU-3::1", "note-b", "lab"),
        ], [], []));
        var workloads = new WorkloadBoard(inventory, offers, pods, new PodDirectory(), new WorkloadOptions { SplitsShared = true });
        workloads.Refresh();
        using var health = new HealthBoard(time, "boot", []);
        var profiles = ImmutableArray.Create(NvidiaDcgmProfile.Legacy(null, []), NeutralProfile.Of(NvidiaFields.Table, [], []));
        using var page = new MetricsPage(
            new MetricsSources(inventory, samples, health, new WorkerBoard(), Rows: [new WorkloadRows(workloads, time)], Attribution: workloads.Attribution),
            new MetricsPageOptions { Profiles = profiles, Hostname = "node-1", Version = "1" }, time);
        samples.Publish(new VendorSample(NvidiaFields.Table, [.. Enumerable.Range(0, 4).Select(index => Sample(index, time))]));
        var output = new ArrayBufferWriter<byte>();
        page.Render(output);
        return Encoding.UTF8.GetString(output.WrittenSpan).Split('\n');
    }

    private static HeldUnit Held(string id, string pod, string container) => new("nvidia.com/gpu", id, new PodHolder("ml", pod, container));

    private static Device Gpu(int index) => new() { Id = $"GPU-{index}", Vendor = "nvidia", Model = "NVIDIA H100", ResourceName = "nvidia.com/gpu", Index = index, NodeName = $"nvidia{index}" };

    private static DeviceSample Sample(int index, ManualTime time)
    {
        var readings = new Reading[NvidiaFields.Table.Count];
        readings[NvidiaFields.Table["utilization_ratio"]] = Reading.Of(index == 2 ? 0.25 : 0.5);
        readings[NvidiaFields.Table["temperature_celsius"]] = Reading.Of(40);
        return new DeviceSample($"GPU-{index}", readings, time.GetTimestamp());
    }

    private sealed class Folder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-join-");

        public string Write(string name, string text)
        {
            var path = Path.Combine(_folder.FullName, name);
            File.WriteAllText(path, text);
            return path;
        }

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
