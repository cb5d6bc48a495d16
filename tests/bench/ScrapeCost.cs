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

namespace AIInfra.Bench;

/// <summary>What rendering the metrics page of 8 GPUs with 80 metrics costs, beside the plain way to render the same lines.</summary>
internal static class ScrapeCost
{
    private const int Devices = 8, Metrics = 80, WarmUp = 2_000, Runs = 5_000;

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
        var ours = Measure(() =>
        {
            output.ResetWrittenCount();
            page.Render(output);
        });
        var plain = Measure(() => Plainly(profile, devices, samples, fields));

        report.Note($"render: {Devices} GPUs x {Metrics} metrics, {output.WrittenCount / 1024} KiB; baseline: the same lines by StringBuilder");
        Line(report, "p50, us", ours.P50, plain.P50);
        Line(report, "p99, us (budget 2000)", ours.P99, plain.P99);
        Line(report, "allocated per scrape, bytes (budget 0)", ours.Allocated, plain.Allocated);
    }

    private static (double P50, double P99, double Allocated) Measure(Action render)
    {
        for (var run = 0; run < WarmUp; run++)
            render();
        var ticks = new long[Runs];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var run = 0; run < Runs; run++)
        {
            var started = Stopwatch.GetTimestamp();
            render();
            ticks[run] = Stopwatch.GetTimestamp() - started;
        }
        var allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Runs;
        Array.Sort(ticks);
        return (Microseconds(ticks[Runs / 2]), Microseconds(ticks[Runs * 99 / 100]), allocated);
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
