using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;

namespace AIInfra.UnitTests.Workloads;

public sealed class WorkloadBoardTests
{
    [Theory]
    [InlineData("acme.com/gpu", "GPU-0", "GPU-0")] // as offered here
    [InlineData("acme.com/gpu.shared", "GPU-0::3", "GPU-0")] // a replica, of another plugin
    [InlineData("acme.com/gpu", "acme1", "GPU-1")] // GKE's plugin, and ids by device name
    [InlineData("acme.com/gpu", "acme1/vgpu2", "GPU-1")]
    [InlineData("acme.com/gpu.share", "GPU-1-_-2", "GPU-1")] // Cambricon's plugin, and its instances
    [InlineData("acme.com/gpu.mim-1g", "GPU-2-mim-MIG-2-7", "MIG-2-7")]
    [InlineData("acme.com/gpu", "acme2/gi7", "MIG-2-7")]
    [InlineData("acme.com/gpu", "1", "GPU-1")] // ids by index
    [InlineData("acme.com/mig-1g", "2:7", "MIG-2-7")]
    [InlineData("acme.com/mig-1g", "MIG-2-7", "MIG-2-7")]
    [InlineData("acme.com/mig-1g", "MIG-GPU-2/7/0", "MIG-2-7")] // drivers before 470
    [InlineData("acme.com/gpu", "0000:01:00.0", "GPU-1")]
    [InlineData("rdma/hca", "0000:5e:00.0", "0000:5e:00.0")]
    public void Every_form_of_an_id_finds_its_device(string resource, string id, string device)
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0), WorkloadFixture.Gpu(1), WorkloadFixture.Gpu(2), WorkloadFixture.Slice(2, 7, 10), WorkloadFixture.Nic);

        node.Held((resource, id, "team/job/main"));

        Assert.Equal(device, Assert.Single(node.Board.Current.Value.All).Device.Id);
        Assert.Equal("job", node.Board.Attribution.Value.Of(device)!.Pod);
        Assert.Equal(0, node.Board.Current.Value.Unmatched);
    }

    [Fact]
    public void An_id_of_Intels_plugin_finds_its_card()
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0) with { NodeName = "card0" }, WorkloadFixture.Gpu(1) with { NodeName = "card1" });

        node.Held(("acme.com/gpu", "card1-0", "team/job/main"));

        Assert.Equal("GPU-1", Assert.Single(node.Board.Current.Value.All).Device.Id);
    }

    [Fact]
    public void Whoever_watches_devices_holds_none_of_them()
    {
        using var node = new WorkloadFixture(policies: [new Watched()]);
        node.Devices(WorkloadFixture.Gpu(0), WorkloadFixture.Gpu(1));

        node.Held(("acme.com/gpu_monitoring", "all", "monitoring/exporter/main"), ("acme.com/gpu", "GPU-1", "team/job/main"));

        var holding = Assert.Single(node.Board.Current.Value.All);
        Assert.Equal(("GPU-1", 1.0), (holding.Device.Id, holding.Share));
        Assert.Equal(0, node.Board.Current.Value.Unmatched);
    }

    private sealed class Watched : IOfferPolicy
    {
        public string Vendor => "acme";

        public Offer Decide(VendorInventory inventory) => new(
            [.. new WholeDevices(Vendor).Decide(inventory).Resources, new OfferedResource { Name = "acme.com/gpu_monitoring", Units = [new OfferedUnit { Id = "all", Devices = inventory.Devices, IsPool = true, IsToWatch = true }] }], []);
    }

    [Fact]
    public void An_id_of_a_known_vendor_that_stands_for_nothing_is_counted_and_others_are_not()
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0));

        node.Held(("acme.com/gpu", "GPU-9", "team/job/main"), ("example.org/license", "1", "team/job/main"));

        Assert.Equal(1, node.Render().Samples["aiinfra_agent_attribution_unmatched_units"]);
        Assert.Empty(node.Board.Current.Value.All);
    }

    [Fact]
    public void An_allocation_shows_on_the_next_page_and_its_end_too()
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0));
        node.Sample(("GPU-0", 0.5, null, null));
        Assert.True(node.Render().Samples.ContainsKey("acme_util{uuid=\"GPU-0\"}"));

        node.Held(("acme.com/gpu", "GPU-0", "team/job/main"));
        var page = node.Render().Samples;
        Assert.Equal(0.5, page["acme_util{uuid=\"GPU-0\",container=\"main\",namespace=\"team\",pod=\"job\"}"]);
        Assert.DoesNotContain("acme_util{uuid=\"GPU-0\"}", page.Keys);
        Assert.Equal(1, page["aiinfra_agent_device_allocation_info{vendor=\"acme\",device=\"GPU-0\",resource=\"acme.com/gpu\",namespace=\"team\",pod=\"job\",container=\"main\"}"]);
        Assert.Equal(1, page["aiinfra_agent_attribution_state{state=\"known\"}"]);

        node.Held();
        Assert.True(node.Render().Samples.ContainsKey("acme_util{uuid=\"GPU-0\"}"));
    }

    [Fact]
    public void The_same_answer_again_publishes_no_labels_anew()
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0));
        node.Held(("acme.com/gpu", "GPU-0", "team/job/main"));
        var (labels, holdings) = (node.Board.Attribution.Value, node.Board.Current.Value);

        node.Time.Advance(TimeSpan.FromSeconds(10));
        node.Held(("acme.com/gpu", "GPU-0", "team/job/main"));

        Assert.Same(labels, node.Board.Attribution.Value);
        Assert.Equal(holdings.All, node.Board.Current.Value.All); // the very array
        Assert.Equal(0, node.Render().Samples["aiinfra_agent_attribution_age_seconds"]);
    }

    [Fact]
    public void A_shared_device_bears_the_last_of_its_pods_and_all_of_them_have_an_info_series()
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0));
        node.Sample(("GPU-0", 0.5, null, null));

        node.Held(("acme.com/gpu.shared", "GPU-0::0", "team/a/main"), ("acme.com/gpu.shared", "GPU-0::1", "team/b/main"), ("acme.com/gpu.shared", "GPU-0::2", "team/b/main"));

        var page = node.Render().Samples;
        Assert.Equal(["acme_util{uuid=\"GPU-0\",container=\"main\",namespace=\"team\",pod=\"b\"}"], page.Keys.Where(key => key.StartsWith("acme_util", StringComparison.Ordinal)));
        Assert.Equal(2, page.Keys.Count(key => key.StartsWith("aiinfra_agent_device_allocation_info", StringComparison.Ordinal)));
        Assert.Equal([1 / 3.0, 2 / 3.0], node.Board.Current.Value.All.Select(holding => holding.Share));
    }

    [Fact]
    public void Split_a_shared_device_bears_no_pod()
    {
        using var node = new WorkloadFixture(new WorkloadOptions { SplitsShared = true });
        node.Devices(WorkloadFixture.Gpu(0), WorkloadFixture.Gpu(1));

        node.Held(("acme.com/gpu.shared", "GPU-0::0", "team/a/main"), ("acme.com/gpu.shared", "GPU-0::1", "team/b/main"), ("acme.com/gpu.shared", "GPU-1::0", "team/b/main"));

        Assert.Null(node.Board.Attribution.Value.Of("GPU-0"));
        Assert.Equal("b", node.Board.Attribution.Value.Of("GPU-1")!.Pod);
    }

    [Theory]
    [InlineData(PodResourcesGap.NoKubelet, "no_kubelet")]
    [InlineData(PodResourcesGap.Permission, "no_permission")]
    [InlineData(PodResourcesGap.Off, "off")]
    [InlineData(PodResourcesGap.Silent, "no_answer")]
    public void Why_it_is_not_known_is_a_state(PodResourcesGap gap, string state)
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0));
        node.Held(("acme.com/gpu", "GPU-0", "team/job/main"));

        node.Pods.Publish("/kubelet", PodResourcesSnapshot.Unknown("Because.", gap));
        node.Board.Refresh();

        var page = node.Render().Samples;
        Assert.Equal(1, page[$"aiinfra_agent_attribution_state{{state=\"{state}\"}}"]);
        Assert.Equal(1, page.Where(sample => sample.Key.StartsWith("aiinfra_agent_attribution_state", StringComparison.Ordinal)).Sum(sample => sample.Value));
        Assert.DoesNotContain(page.Keys, key => key.Contains("pod=\"job\"", StringComparison.Ordinal) || key.StartsWith("aiinfra_agent_attribution_age", StringComparison.Ordinal));
    }

    [Fact]
    public void What_the_API_server_says_of_a_pod_is_added_by_names_that_can_stand_there()
    {
        using var node = new WorkloadFixture(new WorkloadOptions { ShowsUid = true });
        node.Devices(WorkloadFixture.Gpu(0));
        node.Sample(("GPU-0", 0.5, null, null));
        node.Directory.Current.Publish(ImmutableDictionary<(string, string), PodDetails>.Empty.Add(("team", "job"), new PodDetails("1b4e-uid",
            [new("app.kubernetes.io/name", "llm"), new("app_kubernetes_io/name", "twice"), new("gpu", "taken"), new("1st", "digit")])));
        node.Held(("acme.com/gpu", "GPU-0", "team/job/main"));

        var page = node.Render().Samples;

        Assert.Contains("acme_util{uuid=\"GPU-0\",app_kubernetes_io_name=\"llm\",_1st=\"digit\",pod_uid=\"1b4e-uid\",container=\"main\",namespace=\"team\",pod=\"job\"}", page.Keys);
        Assert.Contains(page.Keys, key => key.StartsWith("aiinfra_agent_device_allocation_info", StringComparison.Ordinal)
            && key.Contains("pod_uid=\"1b4e-uid\",label_app_kubernetes_io_name=\"llm\",label_gpu=\"taken\",label_1st=\"digit\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Hostile_names_leave_the_page_readable()
    {
        using var node = new WorkloadFixture();
        node.Devices(WorkloadFixture.Gpu(0));
        node.Sample(("GPU-0", 0.5, null, null));
        node.Pods.Publish("/kubelet", PodResourcesSnapshot.Of(node.Time.GetUtcNow(), [new HeldUnit("acme.com/gpu", "GPU-0", new PodHolder("a\"b", "c\\d\n", "\u0001"))], [], []));
        node.Board.Refresh();

        Assert.Contains(node.Render().Samples.Keys, key => key.StartsWith("acme_util", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_follows_the_boards()
    {
        using var node = new WorkloadFixture();
        using var ended = new CancellationTokenSource();
        var run = node.Board.RunAsync(ended.Token);
        node.Devices(WorkloadFixture.Gpu(0));
        var seen = node.Board.Attribution.Value;

        node.Pods.Publish("/kubelet", PodResourcesSnapshot.Of(node.Time.GetUtcNow(), [new HeldUnit("acme.com/gpu", "GPU-0", new PodHolder("n", "p", "c"))], [], []));

        await node.Board.Attribution.WaitForChangeAsync(seen, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal("p", node.Board.Attribution.Value.Of("GPU-0")!.Pod);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }
}
