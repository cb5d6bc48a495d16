using System.Collections.Frozen;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class WithdrawalsTests
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private readonly AllocateCalls _calls;
    private readonly Withdrawals _withdrawals;
    private DeviceList _list = DeviceLists.Empty.With(TestGpus.Switched(8).Offered());
    private KubeletCheckpoint? _checkpoint = KubeletCheckpoint.Empty;

    public WithdrawalsTests()
    {
        _calls = new AllocateCalls(_time, () => { });
        _withdrawals = new Withdrawals(new Latest<DeviceList>(_list), new Latest<PodResourcesSnapshot>(Known()), _calls, () => _checkpoint, _time);
    }

    [Fact]
    public void An_id_that_nobody_holds_goes_after_its_patience_and_two_answers()
    {
        Vanish(7);
        Assert.Equal(8, Listed(Known()));

        _time.Advance(Withdrawals.Patience);
        Assert.Equal(8, Listed(Known()));
        _time.Advance(Poll);
        Assert.Equal(7, Listed(Known()));
    }

    [Fact]
    public void The_same_answer_looked_at_twice_counts_once()
    {
        Vanish(7);
        _time.Advance(Withdrawals.Patience);
        var answer = Known();

        Assert.Equal(8, Listed(answer));
        Assert.Equal(8, Listed(answer));
    }

    [Fact]
    public void An_id_that_a_pod_holds_stays_until_it_is_let_go()
    {
        Vanish(7);
        for (var minute = 0; minute < 60; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(8, Listed(Known(TestGpus.Id(7))));
        }

        Assert.Equal(8, Listed(Known()));
        Assert.Equal(7, Listed(Known()));
    }

    [Fact]
    public void An_id_stays_while_an_Allocate_runs_and_a_while_after()
    {
        Vanish(7);
        var call = _calls.Begin();
        _time.Advance(Withdrawals.Patience);
        Assert.Equal(8, Listed(Known()));
        _time.Advance(Poll);
        Assert.Equal(8, Listed(Known()));

        call.Dispose();
        Assert.Equal(8, Listed(Known()));
        _time.Advance(Withdrawals.Patience);
        Assert.Equal(7, Listed(Known()));
    }

    [Fact]
    public void While_the_kubelet_does_not_say_who_holds_what_nothing_goes()
    {
        Vanish(7);
        for (var hour = 0; hour < 48; hour++)
        {
            _time.Advance(TimeSpan.FromHours(1));
            Assert.Equal(8, Listed(PodResourcesSnapshot.Unknown("it hangs")));
        }
    }

    [Fact]
    public void An_id_in_the_kubelets_checkpoint_stays_and_so_do_all_while_that_cannot_be_read()
    {
        Vanish(7);
        _time.Advance(Withdrawals.Patience);
        _checkpoint = new KubeletCheckpoint(new Dictionary<string, FrozenSet<string>>
        {
            ["uid"] = FrozenSet.Create(TestGpus.Id(7)),
        }.ToFrozenDictionary(), FrozenDictionary<string, FrozenSet<string>>.Empty);
        Assert.Equal(8, Listed(Known()));
        Assert.Equal(8, Listed(Known()));
        _checkpoint = null;
        Assert.Equal(8, Listed(Known()));

        _checkpoint = KubeletCheckpoint.Empty;
        Assert.Equal(7, Listed(Known()));
    }

    [Fact]
    public void A_device_that_comes_back_and_vanishes_again_begins_anew()
    {
        Vanish(7);
        _time.Advance(Withdrawals.Patience);
        _withdrawals.Step(_list, Known());
        _withdrawals.Step(_list, Known());
        var ripe = Assert.Single(_withdrawals.Current.Value);

        _time.Advance(Poll);
        _list = _list.With(TestGpus.Switched(8).Offered());
        Vanish(7);
        Assert.DoesNotContain(ripe, _list.Units.Where(unit => !unit.IsPresent).Select(unit => new GoneUnit(unit.Unit.Id, unit.GoneSince!.Value)));
        Assert.Equal(8, Listed(Known()));
    }

    [Fact]
    public void The_kubelets_checkpoint_is_read_as_the_kubelet_writes_it()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-test-").FullName;
        Assert.False(KubeletCheckpoint.Read(folder)!.Names("GPU-a"));
        var file = Path.Combine(folder, "kubelet_internal_checkpoint");

        File.WriteAllText(file, """{"Data":{"PodDeviceEntries":[{"PodUID":"u-1","ContainerName":"c","ResourceName":"acme.com/gpu","DeviceIDs":{"-1":["GPU-a"],"0":["GPU-b"]},"AllocResp":"Cg=="}],"RegisteredDevices":{"acme.com/gpu":["GPU-c"]}},"Checksum":1}""");
        var read = KubeletCheckpoint.Read(folder)!;
        Assert.True(read.Names("GPU-a") && read.Names("GPU-b"));
        Assert.False(read.Names("GPU-c")); // known, but given to nobody
        Assert.Equal(["GPU-a", "GPU-b"], read.ByPod["u-1"].Order());
        Assert.Equal(["GPU-a", "GPU-b"], read.ByResource["acme.com/gpu"].Order());

        File.WriteAllText(file, """{"Data":{"PodDeviceEntries":null,"RegisteredDevices":{}},"Checksum":1}""");
        Assert.Empty(KubeletCheckpoint.Read(folder)!.ByPod);
        File.WriteAllText(file, """{"Data":{"PodDeviceEntries":[{"PodUID":"u-1","DeviceIDs":["GPU-a"]}]}}""");
        Assert.Null(KubeletCheckpoint.Read(folder));
        File.WriteAllText(file, "{\"Data\":");
        Assert.Null(KubeletCheckpoint.Read(folder));
        Directory.Delete(folder, recursive: true);
    }

    private void Vanish(int index) =>
        _list = _list.With(TestGpus.Switched(8).RemoveAt(index).Offered(), DeviceHealth.AllHealthy, _time.GetTimestamp(), _withdrawals.Current.Value);

    private int Listed(PodResourcesSnapshot answer)
    {
        _withdrawals.Step(_list, answer);
        return _list.With(TestGpus.Switched(7).Offered(), DeviceHealth.AllHealthy, _time.GetTimestamp(), _withdrawals.Current.Value).Units.Length;
    }

    private PodResourcesSnapshot Known(params string[] held) => PodResourcesSnapshot.Of(
        _time.GetUtcNow(), held.Select(id => new HeldUnit(TestGpus.Resource, id, new PodHolder("ns", "pod", "main"))), [("ns", "pod")], []);
}
