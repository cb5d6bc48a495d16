using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.PodResources;
using AIInfra.Kubernetes.Protos.PodResources.V1;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class KubeletViewTests
{
    private readonly ManualTime _time = new();
    private readonly KubeletViewWatch _watch;
    private readonly DeviceList _list = DeviceLists.Empty.With(TestGpus.Switched(8).Offered());

    public KubeletViewTests() => _watch = new KubeletViewWatch(TestGpus.Resource, null, _time);

    [Fact]
    public void The_same_ids_in_any_order_and_twice_for_two_NUMA_nodes_are_the_same_view()
    {
        var sent = Sent();

        Assert.Equal(new ViewVerdict("", false), _watch.Look(sent, View([.. Enumerable.Range(0, 8).Reverse().Select(TestGpus.Id), TestGpus.Id(0)])));
    }

    [Fact]
    public void A_view_from_before_the_list_was_taken_in_and_one_that_is_not_known_say_nothing()
    {
        Assert.Null(_watch.Look(null, View([])).Difference);
        Assert.Null(_watch.Look(Sent(), KubeletView.Unknown).Difference);
        var sent = new SentList(_list, _time.GetTimestamp());
        Assert.Null(_watch.Look(sent, View([])).Difference);
    }

    [Fact]
    public void A_view_that_differs_for_longer_than_the_bound_asks_for_a_registration_and_then_for_one_ever_later()
    {
        Assert.Equal(new ViewVerdict("counts 0 healthy devices of acme.com/gpu and was told of 8", false), _watch.Look(Sent(), View([])));
        _time.Advance(KubeletViewWatch.Bound - TimeSpan.FromSeconds(3));
        Assert.False(_watch.Look(Sent(), View([])).MustRegister);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_watch.Look(Sent(), View([])).MustRegister);

        _watch.Restart();
        Assert.False(_watch.Look(Sent(), View([])).MustRegister);
        _time.Advance(KubeletViewWatch.Bound);
        Assert.False(_watch.Look(Sent(), View([])).MustRegister);
        _time.Advance(KubeletViewWatch.Bound);
        Assert.True(_watch.Look(Sent(), View([])).MustRegister);
    }

    [Fact]
    public void An_unhealthy_device_is_not_to_be_in_the_kubelets_view()
    {
        var list = _list.With(TestGpus.Switched(7).Offered());
        var sent = new SentList(list, _time.GetTimestamp());
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("", _watch.Look(sent, View([.. Enumerable.Range(0, 7).Select(TestGpus.Id)])).Difference);
        Assert.NotEqual("", _watch.Look(sent, View([.. Enumerable.Range(0, 8).Select(TestGpus.Id)])).Difference);
    }

    private SentList Sent()
    {
        var sent = new SentList(_list, _time.GetTimestamp());
        _time.Advance(TimeSpan.FromSeconds(2));
        return sent;
    }

    private KubeletView View(string[] ids) => new(_time.GetTimestamp(), AllocatableReader.Read(new AllocatableResourcesResponse
    {
        Devices = { ids.Select(id => new ContainerDevices { ResourceName = TestGpus.Resource, DeviceIds = { id } }) },
    }));
}
