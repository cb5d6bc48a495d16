using System.Buffers;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Metrics;

/// <summary>A page over boards that a test fills; vendor <c>acme</c>, no real one's names.</summary>
internal sealed class PageFixture : IDisposable
{
    public static readonly FieldTable Fields = new("acme",
    [
        new("temperature_celsius", FieldKind.Gauge),
        new("clock_hertz", FieldKind.Gauge),
        new("energy_joules_total", FieldKind.Counter),
        new("utilization_ratio", FieldKind.Gauge),
    ]);

    public static readonly MetricProfile Legacy = new()
    {
        Name = "legacy",
        Vendor = "acme",
        Families =
        [
            new("acme_temp", "Temperature in degrees Celsius.", MetricType.Gauge, "temperature_celsius", IsInteger: true),
            new("acme_clock_mhz", "Clock in megahertz.", MetricType.Gauge, "clock_hertz", 1e-6),
            new("acme_energy", "Energy in millijoules.", MetricType.Counter, "energy_joules_total", 1e3, IsInteger: true),
        ],
        Labels = one => [new("board", $"{one.Device.Index}"), new("model", one.Device.Model), new("Hostname", one.NodeName), .. DcgmWorkload.Labels(one.Workload)],
    };

    public static readonly MetricProfile Base = new()
    {
        Name = "base",
        Vendor = "acme",
        Families =
        [
            new("acme_utilization_ratio", "Share of the last second.\nWith a \\ and a line feed.", MetricType.Gauge, "utilization_ratio"),
            new("acme_temp", "The same name again.", MetricType.Gauge, "temperature_celsius"),
            new("acme_not_in_the_table", "A field the vendor lacks.", MetricType.Gauge, "no_such_field"),
        ],
        Labels = one => [new("uuid", one.Device.Id)],
    };

    public ManualTime Time { get; } = new();
    public InventoryBoard Inventory { get; } = new();
    public SampleBoard Samples { get; } = new();
    public HealthBoard Health { get; }
    public WorkerBoard Workers { get; } = new();
    public Latest<Attribution> Work { get; } = new(Attribution.None);
    public MetricsPage Page { get; }

    public PageFixture(params ImmutableArray<MetricProfile> profiles) : this(50_000, profiles)
    {
    }

    public PageFixture(int maxSeries, params ImmutableArray<MetricProfile> profiles)
    {
        Health = new HealthBoard(Time, "boot", []);
        Page = new MetricsPage(
            new MetricsSources(Inventory, Samples, Health, Workers, Attribution: Work),
            new MetricsPageOptions { Profiles = profiles.IsDefaultOrEmpty ? [Legacy, Base] : profiles, Hostname = "node-1", Version = "1.2.3", MaxSeries = maxSeries },
            Time);
    }

    public static Device Device(int index, string? model = null, string? id = null) => new()
    {
        Id = id ?? $"ACME-{index}",
        Vendor = "acme",
        Model = model ?? "Acme One",
        ResourceName = "acme.com/npu",
        Index = index,
        PciAddress = $"0000:{index:x2}:00.0",
    };

    public void Publish(params ImmutableArray<Device> devices) => Publish(VendorState.Ready, devices);

    public void Publish(VendorState state, params ImmutableArray<Device> devices) => Inventory.Publish(new VendorInventory
    {
        Vendor = "acme",
        State = state,
        DriverVersion = "5.1",
        LibraryVersion = "5.0.2",
        IsSimulated = true,
        Devices = devices,
    });

    /// <summary>A round in which the given devices answered, now.</summary>
    public void Sample(params ImmutableArray<(string Id, Reading[] Readings)> devices) => Samples.Publish(new VendorSample(
        Fields, [.. devices.Select(device => new DeviceSample(device.Id, device.Readings, Time.GetTimestamp()))]));

    public byte[] RenderBytes(PageStyle style = default)
    {
        var output = new ArrayBufferWriter<byte>();
        Page.Render(output, style);
        return output.WrittenSpan.ToArray();
    }

    public PageReader Render() => PageReader.Read(RenderBytes());

    public void Dispose()
    {
        Page.Dispose();
        Health.Dispose();
    }
}
