using System.Buffers;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Testing;
using AIInfra.UnitTests.Metrics;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.UnitTests.Vendors;

/// <summary>A page with NVIDIA's profiles over boards that a test fills.</summary>
internal sealed class NvidiaPage : IDisposable
{
    private readonly MetricsPage _page;

    public NvidiaPage(string[] profiles, params ImmutableArray<MetricProfile> others)
    {
        Counts = new NvidiaCounts(TimeSpan.FromMinutes(5), Time);
        Sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), new HealthBoard(Time, "boot", []), new WorkerBoard());
        var all = NvidiaProfiles.All(Counts, Time, null);
        _page = new MetricsPage(Sources, new MetricsPageOptions
        {
            Profiles = [.. profiles.SelectMany(name => all.Concat(others).Where(profile => profile.Name == name))],
            Hostname = "node-1",
            Version = "1.2.3",
        }, Time);
    }

    public ManualTime Time { get; } = new();
    public NvidiaCounts Counts { get; }
    public MetricsSources Sources { get; }

    public static Device Gpu(int index) => new()
    {
        Id = $"GPU-{index}",
        Vendor = "nvidia",
        Model = "NVIDIA H100 80GB HBM3",
        ResourceName = "nvidia.com/gpu",
        Index = index,
        NodeName = $"nvidia{index}",
        PciAddress = $"0000:{index:x2}:00.0",
    };

    public static Device Partition(int board, int instance) => Gpu(board) with { Id = $"MIG-{board}-{instance}", ParentId = $"GPU-{board}", Partition = new DevicePartition("1g.10gb", instance, 0) };

    public void Publish(params ImmutableArray<Device> devices) =>
        Sources.Inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570.124.06", Devices = devices });

    /// <param name="values">By name of the field, for each of the devices.</param>
    public void Sample(IEnumerable<Device> devices, params (string Field, double Value)[] values)
    {
        var readings = new Reading[NvidiaFields.Table.Count];
        foreach (var (field, value) in values)
            readings[NvidiaFields.Table[field]] = Reading.Of(value);
        Sources.Samples.Publish(new VendorSample(NvidiaFields.Table, [.. devices.Select(device => new DeviceSample(device.Id, readings, Time.GetTimestamp()))]));
    }

    public PageReader Render()
    {
        var output = new ArrayBufferWriter<byte>();
        _page.Render(output);
        return PageReader.Read(output.WrittenSpan.ToArray());
    }

    /// <summary>What is left of a family's series, by the labels that are named.</summary>
    public Dictionary<string, double> Values(string family, params string[] labels) => Render().Samples
        .Where(sample => sample.Key.Split('{')[0] == family)
        .ToDictionary(sample => string.Join(' ', labels.Select(label => PageReader.Labels(sample.Key).GetValueOrDefault(label, "-"))), sample => sample.Value);

    public void Dispose()
    {
        _page.Dispose();
        Sources.Health.Dispose();
    }
}
