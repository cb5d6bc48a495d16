using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class DeviceListFeedTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly InventoryBoard _inventory = new();
    private readonly HealthBoard _health;
    private readonly OfferBoard _offers;
    private readonly DeviceListFeed _feed;
    private readonly Latest<FrozenSet<GoneUnit>> _withdrawn = new(FrozenSet<GoneUnit>.Empty);

    public DeviceListFeedTests()
    {
        _health = new HealthBoard(_time, "boot", []);
        _offers = new OfferBoard(_inventory, [], NullLogger<OfferBoard>.Instance);
        _feed = new DeviceListFeed(TestGpus.Resource, [], _offers.Current, _health.Devices, _time);
        Publish(TestGpus.Switched(8));
        Step();
    }

    public void Dispose() => _health.Dispose();

    [Fact]
    public void Every_device_is_listed_with_its_health_and_its_NUMA_node()
    {
        var devices = _feed.Current.Value.Message.Devices;

        Assert.Equal(Enumerable.Range(0, 8).Select(TestGpus.Id), devices.Select(device => device.ID));
        Assert.All(devices, device => Assert.Equal("Healthy", device.Health));
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1], devices.Select(device => Assert.Single(device.Topology.Nodes).ID));
    }

    [Fact]
    public void An_unknown_NUMA_node_gives_no_topology()
    {
        Publish(TestGpus.Islands(2, 1));
        _time.Advance(DeviceListFeed.Interval);
        Step();

        Assert.Null(_feed.Current.Value.Message.Devices[0].Topology);
    }

    [Fact]
    public void The_first_change_goes_out_at_once_and_the_next_after_the_interval()
    {
        Fail(3);
        Assert.Null(Step());
        Assert.Equal([3], Unhealthy());

        _time.Advance(TimeSpan.FromMilliseconds(30));
        Fail(4);
        Assert.Equal(TimeSpan.FromMilliseconds(70), Step());
        Assert.Equal([3], Unhealthy());

        _time.Advance(TimeSpan.FromMilliseconds(70));
        Assert.Null(Step());
        Assert.Equal([3, 4], Unhealthy());
    }

    [Fact]
    public async Task A_burst_is_two_lists_the_first_change_and_all_the_others_together()
    {
        using var ended = new CancellationTokenSource();
        var running = _feed.RunAsync(_withdrawn, ended.Token);
        var before = _feed.Current.Value;
        Fail(0);
        await _feed.Current.WaitForChangeAsync(before, ended.Token).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        var first = _feed.Current.Value;
        for (var index = 1; index < 8; index++)
            Fail(index);
        await _time.WhenWaitingAsync(DeviceListFeed.Interval);
        Assert.Same(first, _feed.Current.Value);

        _time.Advance(DeviceListFeed.Interval);
        await _feed.Current.WaitForChangeAsync(first, ended.Token).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(8, Unhealthy().Length);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void A_device_that_recovers_is_healthy_again()
    {
        Fail(3);
        Step();
        _time.Advance(DeviceListFeed.Interval);

        _health.ReportHealthy("acme.fault.7", Subject.Device(TestGpus.Id(3)), "reads well");
        Step();

        Assert.Empty(Unhealthy());
    }

    [Fact]
    public void Nothing_is_published_when_nothing_changed()
    {
        var before = _feed.Current.Value;

        _health.Report(TestGpus.Fatal(TestGpus.Id(3)) with { Severity = Severity.Degraded });
        Publish(_inventory.Current.Value.Vendors[0].Devices);

        Assert.Null(Step());
        Assert.Same(before, _feed.Current.Value);
    }

    [Fact]
    public void A_change_that_the_kubelet_cannot_see_is_no_message_and_delays_none()
    {
        var before = _feed.Current.Value;
        Publish([.. TestGpus.Switched(8).Select(device => device with { DeviceNodes = ["acme-new"] })]);
        Step();

        Assert.NotSame(before, _feed.Current.Value);
        Assert.True(_feed.Current.Value.TellsTheSame(before));
        Fail(1);
        Assert.Null(Step());
        Assert.Equal([1], Unhealthy());
    }

    [Fact]
    public void A_device_that_vanished_stays_listed_unhealthy_and_is_healthy_when_it_is_back()
    {
        Publish(TestGpus.Switched(7));
        Step();
        Assert.Equal(8, _feed.Current.Value.Units.Length);
        Assert.Equal([7], Unhealthy());

        _time.Advance(DeviceListFeed.Interval);
        Publish(TestGpus.Switched(8));
        Step();
        Assert.Empty(Unhealthy());
    }

    [Fact]
    public void A_partition_is_unhealthy_with_the_device_it_is_a_part_of()
    {
        Publish([.. TestGpus.Switched(8).Select(device => device.Index == 6 ? device with { ParentId = "BOARD-1" } : device)]);
        _health.Report(TestGpus.Fatal("BOARD-1"));
        Step();

        Assert.Equal([6], Unhealthy());
    }

    [Fact]
    public void Other_resources_and_ids_that_are_too_long_are_left_out()
    {
        var all = TestGpus.Switched(3);
        Publish([all[0] with { Id = new string('x', 64) }, all[1] with { ResourceName = "acme.com/other" }, all[2]]);
        _time.Advance(DeviceListFeed.Interval);
        Step();

        Assert.DoesNotContain(_feed.Current.Value.Units, listed => listed.Unit.Id.Length > 63);
        Assert.DoesNotContain(_feed.Current.Value.Units, listed => listed is { IsPresent: true, Unit.First.ResourceName: "acme.com/other" });
    }

    [Fact]
    public void What_a_pod_holds_from_before_the_agents_start_is_listed_unhealthy_when_it_is_no_longer_offered()
    {
        var feed = new DeviceListFeed(TestGpus.Resource, [TestGpus.Id(2), "MIG-of-last-week"], _offers.Current, _health.Devices, _time);

        feed.Step(_offers.Current.Value, _health.Devices.Value, _withdrawn.Value);

        Assert.Equal(9, feed.Current.Value.Units.Length);
        var gone = Assert.Single(feed.Current.Value.Message.Devices, device => device.Health == "Unhealthy");
        Assert.Equal("MIG-of-last-week", gone.ID);
    }

    [Fact]
    public void A_device_that_is_held_back_is_not_offered()
    {
        var all = TestGpus.Switched(3);
        Publish([all[0], all[1] with { ParentId = all[0].Id, IsHeldBack = true }]);
        _time.Advance(DeviceListFeed.Interval);
        Step();

        Assert.DoesNotContain(_feed.Current.Value.Units, listed => listed is { IsPresent: true, Unit.First.Index: 1 });
    }

    private TimeSpan? Step() => _feed.Step(_offers.Current.Value, _health.Devices.Value, _withdrawn.Value);
    private void Publish(ImmutableArray<Device> devices)
    {
        _inventory.Publish(TestGpus.Inventory(devices));
        _offers.Refresh();
    }

    private void Fail(int index) => _health.Report(TestGpus.Fatal(TestGpus.Id(index)));
    private int[] Unhealthy() => [.. _feed.Current.Value.Units.Where(listed => !listed.IsHealthy).Select(listed => listed.Unit.First.Index)];
}
