using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.Bench;

/// <summary>What rendering the metrics page of 8 GPUs with 80 metrics costs, beside the plain way to render the same lines.</summary>
internal static class ScrapeCost
{
    private const int Devices = 8, Metrics = 80, WarmUp = 2_000, Runs = 5_000;
    private const string NoneASample = "1 (0 a sample)"; // what the runtime makes once is spread over the runs

    public static void Run(TextWriter report)
    {
        var fields = new FieldTable("acme", [.. Enumerable.Range(0, Metrics).Select(place => new Field($"field_{place}", FieldKind.Gauge))]);
        var profile = new MetricProfile
        {
            Name = "bench",
            Vendor = "acme",
            Families = [.. fields.Fields.Select(field => new MetricFamily($"ACME_FI_DEV_{field.Name.ToUpperInvariant()}", "A reading of a board.", MetricType.Gauge, field.Name))],
            Labels = one => Labels(one.Device, one.NodeName),
        };
        var devices = ImmutableArray.CreateRange(Enumerable.Range(0, Devices).Select(Device));
        var random = new Random(1);
        var samples = devices.Select(device => new DeviceSample(
            device.Id, [.. fields.Fields.Select(_ => Reading.Of(Math.Round(random.NextDouble() * 1e6, 3)))], Stopwatch.GetTimestamp())).ToImmutableArray();

        using var health = new HealthBoard(TimeProvider.System, "boot", []);
        var sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), health, new WorkerBoard());
        sources.Inventory.Publish(new VendorInventory { Vendor = "acme", State = VendorState.Ready, Devices = devices });
        sources.Samples.Publish(new VendorSample(fields, samples));
        using var page = new MetricsPage(
            sources, new MetricsPageOptions { Profiles = [profile], Hostname = "node-1", Version = "1", MaxSampleAge = TimeSpan.FromHours(1) }, TimeProvider.System);

        var output = new ArrayBufferWriter<byte>(1 << 20);
        var ours = Measure(Runs, () => Render(page, output, PageFormat.Text));
        var plain = Measure(Runs, () => Plainly(profile, devices, samples, fields));

        report.Note($"render: {Devices} GPUs x {Metrics} metrics, {output.WrittenCount / 1024} KiB; baseline: the same lines by StringBuilder");
        report.Row("render: p50, us", ours.P50, plain.P50, instructions: Instructions.Of(1000, () => Render(page, output, PageFormat.Text)));
        report.Row("render: p99, us", ours.P99, plain.P99, "2000");
        report.Row("render: allocated per scrape, bytes", ours.Allocated, plain.Allocated, NoneASample);
        foreach (var format in new[] { PageFormat.OpenMetrics, PageFormat.Protobuf })
        {
            var other = Measure(Runs, () => Render(page, output, format));
            Line(report, $"{format}: p99, us", other.P99, ours.P99);
            report.Row($"render: {format}: allocated per scrape, bytes", other.Allocated, plain.Allocated, NoneASample);
        }
        RunNode(report, boards: 8, partitions: 0, nics: 4);
        RunNode(report, boards: 64, partitions: 7, nics: 0);
    }

    /// <summary>All fields of NVIDIA's boards, and of their partitions, under dcgm-exporter's names, beside NICs with the 30 counters of a port.</summary>
    private static void RunNode(TextWriter report, int boards, int partitions, int nics)
    {
        using var health = new HealthBoard(TimeProvider.System, "boot", []);
        var sources = new MetricsSources(new InventoryBoard(), new SampleBoard(), health, new WorkerBoard());
        var counts = new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System);
        var ports = new FieldTable("rdma", [.. Enumerable.Range(0, 30).Select(place => new Field($"port_counter_{place}", FieldKind.Counter))]);
        var nicProfile = new MetricProfile
        {
            Name = "dcgm",
            Vendor = "rdma",
            Families = [.. ports.Fields.Select(field => new MetricFamily($"node_infiniband_{field.Name}_total", "A counter of a port.", MetricType.Counter, field.Name))],
            Labels = one => [new("device", $"mlx5_{one.Device.Index}"), new("port", "1")],
        };
        var gpus = Enumerable.Range(0, boards).SelectMany(board => Enumerable.Range(0, partitions).Select(part => Device(board) with
        {
            Vendor = "nvidia",
            Id = $"MIG-00000000-0000-0000-{board:d4}-{part:d12}",
            ParentId = Device(board).Id,
            Partition = new DevicePartition("1g.10gb", part + 7, 0),
        }).Prepend(Device(board) with { Vendor = "nvidia" })).ToImmutableArray();
        var cards = Enumerable.Range(0, nics).Select(index => Device(index) with { Vendor = "rdma" }).ToImmutableArray();
        sources.Inventory.Publish(new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570.124.06", Devices = gpus });
        sources.Inventory.Publish(new VendorInventory { Vendor = "rdma", State = VendorState.Ready, Devices = cards });
        sources.Samples.Publish(Sample(NvidiaFields.Table, gpus));
        sources.Samples.Publish(Sample(ports, cards));
        using var page = new MetricsPage(sources, new MetricsPageOptions
        {
            Profiles = [NvidiaProfiles.All(counts, TimeProvider.System, null)[0], nicProfile],
            Hostname = "node-1",
            Version = "1",
            MaxSampleAge = TimeSpan.FromHours(1),
            MaxSeries = 1_000_000,
        }, TimeProvider.System);
        var output = new ArrayBufferWriter<byte>(16 << 20);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Render(page, output, PageFormat.Text);
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        var cost = Measure(boards > 8 ? 200 : Runs, () => Render(page, output, PageFormat.Text));

        var what = $"{boards} GPUs{(partitions > 0 ? $" x {partitions} partitions" : "")}{(nics > 0 ? $" + {nics} NICs" : "")}";
        report.Note($"page of {what}, profile dcgm: {output.WrittenCount / 1024} KiB");
        report.Row($"render: {what}: p50, us", cost.P50);
        report.Row($"render: {what}: p99, us", cost.P99, null, boards > 8 ? "15000" : "2000");
        report.Row($"render: {what}: allocated per scrape, bytes", cost.Allocated, null, NoneASample);
        report.Row($"render: {what}: kept for labels, KB", kept / 1e3, null, boards > 8 ? "12 MB" : null);
    }

    private static VendorSample Sample(FieldTable fields, ImmutableArray<Device> devices)
    {
        var random = new Random(1);
        return new VendorSample(fields, [.. devices.Select(device => new DeviceSample(
            device.Id, [.. fields.Fields.Select(field => device.ParentId is null || IsOfPartitions(field.Name) ? Reading.Of(Math.Round(random.NextDouble() * 1e6, 3)) : Reading.Absent)], Stopwatch.GetTimestamp()))]);
    }

    private static bool IsOfPartitions(string field) => field.StartsWith("memory_", StringComparison.Ordinal) || field.EndsWith("_active_ratio", StringComparison.Ordinal);

    private static void Render(MetricsPage page, ArrayBufferWriter<byte> output, PageFormat format)
    {
        output.ResetWrittenCount();
        page.Render(output, new PageStyle(format));
    }

    private static (double P50, double P99, double Allocated) Measure(int runs, Action render)
    {
        for (var run = 0; run < Math.Min(WarmUp, runs); run++)
            render();
        var ticks = new long[runs];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var run = 0; run < runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            render();
            ticks[run] = Stopwatch.GetTimestamp() - started;
        }
        var allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / runs;
        Array.Sort(ticks);
        return (Microseconds(ticks[runs / 2]), Microseconds(ticks[runs * 99 / 100]), allocated);
    }

    private static byte[] Plainly(MetricProfile profile, ImmutableArray<Device> devices, ImmutableArray<DeviceSample> samples, FieldTable fields)
    {
        var page = new StringBuilder();
        foreach (var family in profile.Families)
        {
            page.Append($"# HELP {family.Name} {family.Help}\n# TYPE {family.Name} gauge\n");
            for (var device = 0; device < devices.Length; device++)
            {
                var labels = string.Join(",", Labels(devices[device], "node-1").Select(label => $"{label.Key}=\"{label.Value}\""));
                var value = samples[device].Readings[fields[family.Field]].Value;
                page.Append($"{family.Name}{{{labels}}} {value.ToString(CultureInfo.InvariantCulture)}\n");
            }
        }
        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static ImmutableArray<KeyValuePair<string, string>> Labels(Device device, string hostname) =>
    [
        new("gpu", $"{device.Index}"), new("UUID", device.Id), new("pci_bus_id", device.PciAddress!), new("device", device.NodeName!),
        new("modelName", device.Model), new("Hostname", hostname), new("DCGM_FI_DRIVER_VERSION", "570.124.06"),
    ];

    private static Device Device(int index) => new()
    {
        Id = $"GPU-00000000-0000-0000-0000-{index:d12}",
        Vendor = "acme",
        Model = "Acme H100 80GB HBM3",
        ResourceName = "acme.com/gpu",
        Index = index,
        NodeName = $"acme{index}",
        PciAddress = $"0000:{index:x2}:00.0",
    };

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;

    private static void Line(TextWriter report, string what, double value, double baseline) => report.Row($"render: {what}", value, baseline);
}
