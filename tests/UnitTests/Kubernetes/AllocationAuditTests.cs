using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.Audit;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Kubernetes;

/// <summary>On a host that is a folder: processes are folders, open devices are links.</summary>
public sealed class AllocationAuditTests : IDisposable
{
    private const string Uid = "1b4e28ba-2fa1-11d2-883f-0016d3cca427", OtherUid = "1b4e28ba-2fa1-11d2-883f-0016d3cca428";

    private readonly string _root = Directory.CreateTempSubdirectory("aiinfra-test-").FullName;
    private readonly ManualTime _time = new();
    private readonly InventoryBoard _inventory = new();
    private readonly PodResourcesBoard _pods = new();
    private readonly HealthBoard _health;
    private readonly AllocationAudit _audit;

    public AllocationAuditTests()
    {
        _health = new HealthBoard(_time, "boot", []);
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(4)));
        var offers = new OfferBoard(_inventory, [], NullLogger<OfferBoard>.Instance);
        offers.Refresh();
        Directory.CreateDirectory(Path.Combine(_root, "kubelet/device-plugins"));
        var boards = new KubeletBoards(offers, _health, _pods, new WorkerBoard(), [], new NicBoard(), new HostPaths { Root = _root });
        _audit = new AllocationAudit(
            new AuditOptions { Allowed = ["nvidia-persistenced"] }, new KubeletOptions { Root = Path.Combine(_root, "kubelet") }, boards, _inventory, _time, NullLogger<AllocationAudit>.Instance);
        Pod("train", Uid);
        Pod("other", OtherUid);
        Known((0, "train"));
    }

    public void Dispose()
    {
        _health.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void A_process_of_the_pod_that_was_given_the_device_is_no_finding()
    {
        Process(100, "python3", InPod(Uid), "/dev/acme0", "/dev/null", "/dev/acme-control");

        Assert.Empty(Rounds(3));
    }

    [Fact]
    public void A_pod_that_uses_what_was_given_to_another_is_reported_after_two_rounds_with_the_evidence()
    {
        Process(100, "python3", InPod(OtherUid), "/dev/acme0");

        Assert.Empty(Rounds(1));
        var problem = Assert.Single(Rounds(1));
        Assert.Equal((AllocationAudit.Foreign, Severity.Degraded, Subject.Device(TestGpus.Id(0))), (problem.Id, problem.Severity, problem.Subject));
        Assert.Equal(["process 100 (python3) of pod ns/other has /dev/acme0 open; it is given to ns/train/main"], problem.Evidence);
        Assert.Equal(1, Assert.Single(Rounds(3)).Count); // it stands, and is not told again
    }

    [Fact]
    public void A_process_outside_any_pod_is_information()
    {
        Process(100, "python3", "0::/system.slice/ssh.service", "/dev/acme1");

        var problem = Assert.Single(Rounds(2));

        Assert.Equal((AllocationAudit.Outside, Severity.Info), (problem.Id, problem.Severity));
        Assert.Equal(["process 100 (python3) outside any pod has /dev/acme1 open; it is given to nobody"], problem.Evidence);
    }

    [Fact]
    public void A_pod_that_is_gone_and_still_has_it_open_is_reported_by_name_or_by_UID()
    {
        Known((1, "other"));
        Process(100, "python3", InPod(Uid), "/dev/acme0");
        Process(101, "python3", InPod("ffffffff-ffff-ffff-ffff-ffffffffffff"), "/dev/acme2");

        var found = Rounds(2);

        Assert.All(found, problem => Assert.Equal((AllocationAudit.LeftOpen, Severity.Degraded), (problem.Id, problem.Severity)));
        Assert.Equal(
            ["process 100 (python3) of pod ns/train, which is gone, has /dev/acme0 open; it is given to nobody",
             "process 101 (python3) of pod ffffffff-ffff-ffff-ffff-ffffffffffff, which is gone, has /dev/acme2 open; it is given to nobody"],
            found.SelectMany(problem => problem.Evidence).Order());
    }

    [Fact]
    public void A_finding_clears_when_the_process_has_ended()
    {
        Process(100, "python3", InPod(OtherUid), "/dev/acme0");
        Rounds(2);

        Directory.Delete(Path.Combine(_root, "proc/100"), recursive: true);

        Assert.Empty(Rounds(1));
    }

    [Fact]
    public void Vendors_daemons_our_own_processes_and_who_ends_meanwhile_are_no_findings()
    {
        Process(100, "nvidia-persiste", "0::/system.slice/nvidia-persistenced.service", "/dev/acme0"); // the kernel keeps 15 characters
        Process(200, "exe", "0::/system.slice/aiinfra-agent.service", "/dev/acme0");
        Process(201, "exe", "0::/system.slice/aiinfra-agent.service", "/dev/acme0");
        File.CreateSymbolicLink(Path.Combine(_root, "proc/self"), "200");
        File.WriteAllText(Path.Combine(_root, "proc/201/stat"), "201 (a) b) S 200 1");
        Process(300, "exe", "0::/", "/dev/acme0");
        File.CreateSymbolicLink(Path.Combine(_root, "proc/300/exe"), "/usr/bin/aiinfra-agent (deleted)");

        Assert.Empty(Rounds(3));
    }

    [Fact]
    public void What_the_kubelet_wrote_down_counts_as_given_for_an_init_container_is_in_no_answer()
    {
        Process(100, "python3", InPod(OtherUid), "/dev/acme3");
        File.WriteAllText(Path.Combine(_root, "kubelet/device-plugins/kubelet_internal_checkpoint"),
            $$$"""{"Data":{"PodDeviceEntries":[{"PodUID":"{{{OtherUid}}}","ContainerName":"init","ResourceName":"acme.com/gpu","DeviceIDs":{"0":["{{{TestGpus.Id(3)}}}"]}}]}}""");

        Assert.Empty(Rounds(3));
    }

    [Fact]
    public void A_pod_with_a_claim_is_not_judged_and_without_logs_no_pod_is()
    {
        Process(100, "python3", InPod(OtherUid), "/dev/acme0");
        _pods.Publish("/k", PodResourcesSnapshot.Of(_time.GetUtcNow(), [], [("ns", "train"), ("ns", "other")], [("ns", "other")]));
        Assert.Empty(Rounds(2));

        Known((0, "train"));
        Directory.Delete(Path.Combine(_root, "var/log/pods"), recursive: true);
        Assert.Empty(Rounds(2));
    }

    [Fact]
    public void While_it_is_not_known_who_holds_what_nothing_is_reported_and_nothing_cleared()
    {
        Process(100, "python3", InPod(OtherUid), "/dev/acme0");
        Assert.Single(Rounds(2));

        _pods.Publish("/k", PodResourcesSnapshot.Unknown("it hangs"));
        Directory.Delete(Path.Combine(_root, "proc/100"), recursive: true);

        Assert.Single(Rounds(2));
    }

    [Theory]
    [InlineData("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/cri-containerd-ab.scope", Uid)]
    [InlineData("11:devices:/kubepods/besteffort/pod1b4e28ba-2fa1-11d2-883f-0016d3cca427/ab\n", Uid)]
    [InlineData("0::/../../kubepods.slice/kubepods-pod1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/crio-ab.scope", Uid)]
    [InlineData("0::/kubepods/pod0123456789abcdef0123456789abcdef/ab", "0123456789abcdef0123456789abcdef")]
    [InlineData("0::/kubepods/podx/ab", null)]
    [InlineData("0::/system.slice/pod-agent.service", null)]
    [InlineData("", null)]
    public void A_pods_UID_is_read_from_the_control_group(string cgroup, string? uid) => Assert.Equal(uid, PodOfProcess.PodUid(cgroup));

    private ImmutableArray<Problem> Rounds(int count)
    {
        for (var round = 0; round < count; round++)
            _audit.Step(TestContext.Current.CancellationToken);
        return _health.Current.Value.Problems;
    }

    private void Known(params (int Gpu, string Pod)[] held) => _pods.Publish("/k", PodResourcesSnapshot.Of(
        _time.GetUtcNow(), held.Select(pair => new HeldUnit(TestGpus.Resource, TestGpus.Id(pair.Gpu), new PodHolder("ns", pair.Pod, "main"))),
        [.. held.Select(pair => ("ns", pair.Pod)), ("ns", "other")], []));

    private void Pod(string name, string uid) => Directory.CreateDirectory(Path.Combine(_root, "var/log/pods", $"ns_{name}_{uid}"));

    private static string InPod(string uid) => $"0::/kubepods.slice/kubepods-pod{uid.Replace('-', '_')}.slice/cri-containerd-ab.scope";

    private void Process(int id, string program, string cgroup, params string[] open)
    {
        var folder = Path.Combine(_root, "proc", $"{id}");
        Directory.CreateDirectory(Path.Combine(folder, "fd"));
        File.WriteAllText(Path.Combine(folder, "comm"), $"{program}\n");
        File.WriteAllText(Path.Combine(folder, "cgroup"), $"{cgroup}\n");
        File.WriteAllText(Path.Combine(folder, "stat"), $"{id} ({program}) S 1 1");
        for (var descriptor = 0; descriptor < open.Length; descriptor++)
            File.CreateSymbolicLink(Path.Combine(folder, "fd", $"{descriptor}"), open[descriptor]);
    }
}
