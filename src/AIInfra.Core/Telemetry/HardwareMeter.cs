using System.Diagnostics.Metrics;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Telemetry;

/// <summary>The neutral metrics as OpenTelemetry instruments. Made only where somebody collects them; a collection reads the boards and asks no device.</summary>
/// <remarks>What a device lacks, did not give in time, or gave too long ago is not sent, as on the page.</remarks>
public sealed class HardwareMeter : IDisposable
{
    public const string Name = "aiinfra.agent.hardware";

    private readonly MetricsSources _sources;
    private readonly TimeProvider _time;
    private readonly TimeSpan _maxAge;
    private readonly Meter _meter;
    private readonly Dictionary<string, (LabelledDevice Of, KeyValuePair<string, object?>[] Tags)> _tags = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public HardwareMeter(MetricsSources sources, MetricsPageOptions options, TimeProvider time)
    {
        (_sources, _time, _maxAge) = (sources, time, options.MaxSampleAge);
        _meter = new Meter(Name, options.Version);
        foreach (var metric in HardwareMetric.All)
        {
            _ = metric.Kind switch
            {
                HardwareKind.Gauge => (Instrument)_meter.CreateObservableGauge(metric.Name, () => Read(metric), metric.Unit, metric.Help),
                HardwareKind.UpDown => _meter.CreateObservableUpDownCounter(metric.Name, () => Read(metric), metric.Unit, metric.Help),
                _ => _meter.CreateObservableCounter(metric.Name, () => Read(metric), metric.Unit, metric.Help),
            };
        }
        _meter.CreateObservableUpDownCounter("hw.status", ReadStatus, "1", "1 for the one state that the device is in.");
    }

    public void Dispose() => _meter.Dispose();

    private List<Measurement<double>> Read(HardwareMetric metric)
    {
        var (measured, oldest) = (new List<Measurement<double>>(), _time.GetTimestamp() - (long)(_maxAge.TotalSeconds * _time.TimestampFrequency));
        foreach (var vendor in _sources.Inventory.Current.Value.Vendors)
        {
            if (vendor.State is VendorState.Unavailable or VendorState.Absent || _sources.Samples.Current.Value.Vendors.FirstOrDefault(one => one.Fields.Vendor == vendor.Vendor) is not { } samples)
                continue;
            foreach (var device in vendor.Devices)
            {
                if (samples.Find(device.Id) is { } sample && sample.Timestamp >= oldest)
                    measured.AddRange(Read(metric, samples.Fields, sample, TagsOf(device, vendor)));
            }
        }
        return measured;
    }

    private static IEnumerable<Measurement<double>> Read(HardwareMetric metric, FieldTable fields, DeviceSample sample, KeyValuePair<string, object?>[] tags)
    {
        foreach (var reading in metric.Readings)
        {
            if (!fields.TryFind(reading.Field, out var place) || place >= sample.Readings.Length || sample.Readings[place] is not { IsPresent: true, Value: var value } || !double.IsFinite(value))
                continue;
            yield return new Measurement<double>(value, reading.Attribute is { } attribute ? [.. tags, new(attribute, reading.Value)] : tags);
        }
    }

    private List<Measurement<int>> ReadStatus()
    {
        var (measured, health) = (new List<Measurement<int>>(), _sources.Health.Current.Value);
        foreach (var vendor in _sources.Inventory.Current.Value.Vendors)
        {
            foreach (var device in vendor.Devices)
            {
                var state = !health.IsHealthy(device) ? "failed"
                    : health.Problems.Any(problem => problem.Severity == Severity.Degraded && problem.Subject == Subject.Device(device.Id)) ? "degraded" : "ok";
                foreach (var word in (ReadOnlySpan<string>)["ok", "degraded", "failed"])
                    measured.Add(new Measurement<int>(word == state ? 1 : 0, [.. TagsOf(device, vendor), new("hw.state", word)]));
            }
        }
        return measured;
    }

    /// <summary>Made anew when the device or the work on it is another.</summary>
    private KeyValuePair<string, object?>[] TagsOf(Device device, VendorInventory vendor)
    {
        var now = new LabelledDevice(device, vendor, "", (_sources.Attribution?.Value ?? Attribution.None).Of(device.Id));
        lock (_gate)
        {
            if (_tags.TryGetValue(device.Id, out var known) && ReferenceEquals(known.Of.Device, device) && known.Of.Workload == now.Workload && known.Of.Vendor.DriverVersion == vendor.DriverVersion)
                return known.Tags;
            if (_tags.Count > 2 * _sources.Inventory.Current.Value.Devices.Count() + 64)
                _tags.Clear(); // devices that went
            var tags = Describe(now);
            _tags[device.Id] = (now, tags);
            return tags;
        }
    }

    private static KeyValuePair<string, object?>[] Describe(LabelledDevice labelled)
    {
        var (device, vendor, work) = (labelled.Device, labelled.Vendor, labelled.Workload);
        (string Name, object? Value)[] tags =
        [
            ("hw.id", device.Id), ("hw.type", "gpu"), ("hw.vendor", device.Vendor), ("hw.model", device.Model), ("hw.name", device.NodeName ?? device.DriverIndex()),
            ("hw.serial_number", device.Serial), ("hw.driver_version", vendor.DriverVersion), ("hw.firmware_version", device.Firmware.GetValueOrDefault("vbios")), ("hw.parent", device.ParentId),
            ("k8s.namespace.name", work?.Namespace), ("k8s.pod.name", work?.Pod), ("k8s.container.name", work?.Container),
        ];
        return [.. tags.Where(tag => tag.Value is not null).Select(tag => new KeyValuePair<string, object?>(tag.Name, tag.Value))];
    }
}
