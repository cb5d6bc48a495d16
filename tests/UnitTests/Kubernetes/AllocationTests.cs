using System.Collections.Frozen;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Grpc;
using AIInfra.Kubernetes.DevicePlugin;
using AIInfra.Kubernetes.Protos.DevicePlugin.V1Beta1;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Kubernetes;

public sealed class AllocationTests : IDisposable
{
    private readonly HealthBoard _health = new(new ManualTime(), "boot", []);
    private readonly ManualTime _time = new();
    private readonly Allocation _allocation;
    private DeviceList _list = DeviceLists.Empty.With(TestGpus.Switched(8).Offered());

    public AllocationTests() => _allocation = new Allocation(TestGpus.Resource,
        new Dictionary<string, IAllocator> { [TestGpus.Vendor] = new TestAllocator() }.ToFrozenDictionary(), NoNodes, _time);

    private static DeviceNodeCheck NoNodes => new(new HostPaths { Dev = "/nonexistent" });

    public void Dispose() => _health.Dispose();

    [Fact]
    public void The_vendors_answer_reaches_the_container_whole_and_in_the_order_of_the_inventory()
    {
        var container = Assert.Single(Allocate([TestGpus.Id(5), TestGpus.Id(2)]).ContainerResponses);

        Assert.Equal($"{TestGpus.Id(2)},{TestGpus.Id(5)}", container.Envs["ACME_VISIBLE_DEVICES"]);
        Assert.Equal(["/dev/acme2 /dev/acme2 rw", "/dev/acme5 /dev/acme5 rw"], container.Devices.Select(node => $"{node.HostPath} {node.ContainerPath} {node.Permissions}"));
        var mount = Assert.Single(container.Mounts);
        Assert.Equal(("/usr/lib/acme", "/opt/acme", true), (mount.HostPath, mount.ContainerPath, mount.ReadOnly));
        Assert.Equal("2", container.Annotations["acme.com/count"]);
        Assert.Equal(["acme.com/gpu=2", "acme.com/gpu=5"], container.CdiDevices.Select(device => device.Name));
    }

    [Fact]
    public void Each_container_has_its_own_answer() =>
        Assert.Equal(["1", "2"], Allocate([TestGpus.Id(0)], [TestGpus.Id(1), TestGpus.Id(2)]).ContainerResponses.Select(container => container.Annotations["acme.com/count"]));

    [Fact]
    public void An_unhealthy_device_is_refused_with_its_problem_and_what_to_do()
    {
        _health.Report(TestGpus.Fatal(TestGpus.Id(3)));

        var refusal = Refusal([TestGpus.Id(2), TestGpus.Id(3)]);

        Assert.Equal(GrpcStatus.FailedPrecondition, refusal.Status);
        Assert.Equal(
            $"acme.com/gpu: device {TestGpus.Id(3)} is Unhealthy since 2026-01-01 00:00:00Z: The board fell off the bus (acme.fault.7). "
            + "The pod did not cause this; create it again and it gets another device. On the node: aiinfra-agent explain acme.fault.7.", refusal.Message);
    }

    [Fact]
    public void A_vanished_device_is_refused()
    {
        _list = _list.With(TestGpus.Switched(7).Offered());

        Assert.Contains("is no longer on this node", Refusal([TestGpus.Id(7)]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_device_is_refused_and_its_name_is_shown_without_control_characters()
    {
        var refusal = Refusal(["GPU-\u001b[2J" + new string('x', 500)]);

        Assert.Equal(GrpcStatus.NotFound, refusal.Status);
        Assert.Contains("has no device GPU-?[2Jxxx", refusal.Message, StringComparison.Ordinal);
        Assert.True(refusal.Message.Length < 300);
    }

    [Fact]
    public void A_device_asked_for_twice_is_refused_also_by_two_containers()
    {
        Assert.Contains("asked for twice", Refusal([TestGpus.Id(1), TestGpus.Id(1)]).Message, StringComparison.Ordinal);
        Assert.Contains("asked for twice", Refusal([TestGpus.Id(1)], [TestGpus.Id(1)]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_than_there_is_none_at_all_and_no_container_are_refused()
    {
        Assert.Contains("9 devices are asked for and this node has 8", Refusal([.. Enumerable.Range(0, 9).Select(TestGpus.Id)]).Message, StringComparison.Ordinal);
        Assert.Contains("names no device", Refusal([[]]).Message, StringComparison.Ordinal);
        Assert.Contains("names no container", Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vendor_without_an_allocator_is_refused_by_name()
    {
        var allocation = new Allocation(TestGpus.Resource, FrozenDictionary<string, IAllocator>.Empty, NoNodes, _time);

        var refusal = Assert.Throws<AllocationRefusal>(() => allocation.Answer(Request([[TestGpus.Id(0)]]), _list, HealthSnapshot.Empty));

        Assert.Contains("vendors.acme", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_shares_than_a_container_may_have_are_refused_with_the_reason()
    {
        _list = _list.With(TestGpus.Switched(8).Offered() with { MostPerContainer = 1 });

        Assert.Single(Allocate([TestGpus.Id(0)], [TestGpus.Id(1)]).ContainerResponses[1].Devices);
        Assert.Equal(
            "acme.com/gpu: a container can have at most 1 of it and this one asks for 2. It is a share of a device that others use too: two shares give no more "
            + "memory and no more time than one. Set the container's limit to 1.", Refusal([TestGpus.Id(0), TestGpus.Id(1)]).Message);
    }

    [Fact]
    public void A_unit_of_two_devices_is_refused_for_a_fault_of_either()
    {
        var devices = TestGpus.Switched(2);
        _list = DeviceLists.Empty.With(new() { Name = TestGpus.Resource, Units = [new() { Id = "group-7", Devices = devices }] });
        Assert.Equal(["/dev/acme0", "/dev/acme1"], Allocate(["group-7"]).ContainerResponses[0].Devices.Select(node => node.HostPath));

        _health.Report(TestGpus.Fatal(devices[1].Id));

        Assert.Contains("device group-7 is Unhealthy", Refusal(["group-7"]).Message, StringComparison.Ordinal);
    }

    private AllocateResponse Allocate(params string[][] containers) => _allocation.Answer(Request(containers), _list, _health.Current.Value);
    private AllocationRefusal Refusal(params string[][] containers) => Assert.Throws<AllocationRefusal>(() => Allocate(containers));
    private static AllocateRequest Request(string[][] containers) =>
        new() { ContainerRequests = { containers.Select(ids => new ContainerAllocateRequest { DevicesIds = { ids } }) } };
}
