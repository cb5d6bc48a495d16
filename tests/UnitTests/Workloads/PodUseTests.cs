using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;
using AIInfra.Kubernetes.Audit;

namespace AIInfra.UnitTests.Workloads;

public sealed class PodUseTests : IDisposable, IProcessPods
{
    private readonly WorkloadFixture _node = new();
    private readonly Dictionary<int, (string, string)> _pods = [];
    private readonly DirectoryInfo _host = Directory.CreateTempSubdirectory("aiinfra-use-");

    public IReadOnlyDictionary<int, (string Namespace, string Pod)> Find(IEnumerable<int> processes) => _pods;

    public void Dispose()
    {
        _node.Dispose();
        _host.Delete(recursive: true);
    }

    [Fact]
    public void Memory_is_summed_by_pod_and_what_is_no_pods_is_nobodys()
    {
        var worker = new PodUseWorker(_node.Samples, this, new PodAccountingOptions("", TimeSpan.FromSeconds(30)), _node.Time);
        (_pods[1], _pods[2], _pods[3]) = (("team", "a"), ("team", "a"), ("team", "b"));
        var use = new DeviceUse("GPU-0", [new(1, 100), new(2, 20), new(3, 5), new(4, 1000), new(3, null)], _node.Time.GetTimestamp());

        worker.Refresh(new NodeSample([new VendorSample(WorkloadFixture.Fields, []) { Uses = [use] }]));

        Assert.Equal([("a", 120), ("b", 5)], worker.Current.Value.Select(one => (one.Labels.Labels.Single(label => label.Key == "pod").Value, one.Bytes)).Order());
        var labels = worker.Current.Value[0].Labels;
        worker.Refresh(new NodeSample([new VendorSample(WorkloadFixture.Fields, []) { Uses = [use] }]));
        Assert.Same(labels, worker.Current.Value[0].Labels); // not rendered anew

        _node.Time.Advance(TimeSpan.FromSeconds(31)); // the driver is silent
        worker.Refresh(new NodeSample([new VendorSample(WorkloadFixture.Fields, []) { Uses = [use] }]));
        Assert.Empty(worker.Current.Value);
    }

    [Fact]
    public void A_process_is_led_to_its_pod_by_its_control_group()
    {
        const string Uid = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", Other = "5a9e28ba-2fa1-11d2-883f-0016d3cca427";
        Put("proc/10/cgroup", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/cri-containerd-abc.scope\n");
        Put("proc/11/cgroup", $"0::/kubepods/besteffort/pod{Other}/abc\n");
        Put("proc/12/cgroup", "0::/system.slice/sshd.service\n");
        Directory.CreateDirectory(Path.Combine(_host.FullName, "var/log/pods", $"team_job_{Uid}"));
        var directory = new PodDirectory();
        var pods = new ProcessPods(new HostPaths { Root = _host.FullName }, directory);

        Assert.Equal(new Dictionary<int, (string, string)> { [10] = ("team", "job") }, pods.Find([10, 11, 12, 13]));
        directory.Current.Publish(directory.Current.Value.Add(("team", "other"), new PodDetails(Other, [])));
        Assert.Equal(("team", "other"), pods.Find([11])[11]);
    }

    private void Put(string file, string text)
    {
        var path = Path.Combine(_host.FullName, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
