using System.Buffers;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;
using AIInfra.Testing;
using AIInfra.UnitTests.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Workloads;

/// <summary>Boards of a node with two whole boards, a divided one and a NIC, and what a kubelet says of them.</summary>
internal sealed class WorkloadFixture : IDisposable
{
    public static readonly FieldTable Fields = new("acme",
    [
        new("utilization_ratio", FieldKind.Gauge), new("power_watts", FieldKind.Gauge), new("energy_joules_total", FieldKind.Counter),
        new("graphics_engine_active_ratio", FieldKind.Gauge), new("memory_used_bytes", FieldKind.Gauge),
    ]);

    public static readonly MetricProfile Profile = new()
    {
        Name = "acme",
        Vendor = "acme",
        Families = [new("acme_util", "Utilization.", MetricType.Gauge, "utilization_ratio"), new("acme_memory", "Memory.", MetricType.Gauge, "memory_used_bytes")],
        Labels = labelled => [new("uuid", labelled.Device.Id), .. DcgmWorkload.Labels(labelled.Workload)],
    };

    public WorkloadFixture(WorkloadOptions? options = null, IOfferPolicy[]? policies = null)
    {
        Offers = new OfferBoard(Inventory, policies ?? [], NullLogger<OfferBoard>.Instance);
        Board = new WorkloadBoard(Inventory, Offers, Pods, Directory, options ?? new WorkloadOptions());
        Health = new HealthBoard(Time, "boot", []);
        Page = new MetricsPage(
            new MetricsSources(Inventory, Samples, Health, new WorkerBoard(), Rows: [new WorkloadRows(Board, Time)], Attribution: Board.Attribution),
            new MetricsPageOptions { Profiles = [Profile], Hostname = "node-1", Version = "1" }, Time);
    }

    public ManualTime Time { get; } = new();
    public InventoryBoard Inventory { get; } = new();
    public OfferBoard Offers { get; }
    public SampleBoard Samples { get; } = new();
    public HealthBoard Health { get; }
    public PodResourcesBoard Pods { get; } = new();
    public PodDirectory Directory { get; } = new();
    public WorkloadBoard Board { get; }
    public MetricsPage Page { get; }

    public static Device Gpu(int index) => new()
    {
        Id = $"GPU-{index}",
        Vendor = "acme",
        Model = "One",
        ResourceName = "acme.com/gpu",
        Index = index,
        NodeName = $"acme{index}",
        PciAddress = $"0000:0{index}:00.0",
        MemoryBytes = 80,
    };

    public static Device Slice(int board, int instance, long memory) => new()
    {
        Id = $"MIG-{board}-{instance}",
        Vendor = "acme",
        Model = "One",
        ResourceName = "acme.com/mig-1g",
        Index = board,
        ParentId = $"GPU-{board}",
        MemoryBytes = memory,
        Partition = new DevicePartition("1g.10gb", instance, 0) { Number = instance },
    };

    public static Device Nic { get; } = new() { Id = "0000:5e:00.0", Vendor = "rdma", Model = "CX7", ResourceName = "rdma/hca", PciAddress = "0000:5e:00.0" };

    public void Devices(params ImmutableArray<Device> devices)
    {
        foreach (var vendor in devices.GroupBy(device => device.Vendor))
            Inventory.Publish(new VendorInventory { Vendor = vendor.Key, State = VendorState.Ready, Devices = [.. vendor] });
        Offers.Refresh();
    }

    /// <summary>What the kubelet says, as <c>resource id namespace/pod/container</c>.</summary>
    public void Held(params IEnumerable<(string Resource, string Id, string Holder)> held)
    {
        Pods.Publish("/kubelet", PodResourcesSnapshot.Of(Time.GetUtcNow(), held.Select(one => new HeldUnit(one.Resource, one.Id, Holder(one.Holder))), [], []));
        Board.Refresh();
    }

    public static PodHolder Holder(string text) => text.Split('/') is [var space, var pod, var container] ? new(space, pod, container) : throw new ArgumentException(text);

    public void Sample(params ImmutableArray<(string Id, double? Util, double? Watts, double? Joules)> devices) => Samples.Publish(new VendorSample(Fields, [.. devices.Select(device =>
        new DeviceSample(device.Id, [Of(device.Util), Of(device.Watts), Of(device.Joules), default, Reading.Of(1000)], Time.GetTimestamp()))]));

    public PageReader Render()
    {
        var output = new ArrayBufferWriter<byte>();
        Page.Render(output);
        return PageReader.Read(output.WrittenSpan.ToArray());
    }

    public void Dispose()
    {
        Page.Dispose();
        Health.Dispose();
    }

    private static Reading Of(double? value) => value is { } known ? Reading.Of(known) : default;
}
