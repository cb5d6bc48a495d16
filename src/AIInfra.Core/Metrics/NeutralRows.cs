using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>Whether a device works, in OpenTelemetry's words: one series a state, 1 for each that holds.</summary>
/// <param name="kind">OpenTelemetry's <c>hw.type</c>.</param>
internal sealed class StatusRows(string kind) : DeviceRows(
    new MetricHead("hw_status", MetricType.Gauge, "1 for each state that holds: ok, degraded, failed (no new work), predicted_failure (to be replaced)."), MetricRank.Essential)
{
    private readonly LabelSet _ok = State(kind, "ok"), _degraded = State(kind, "degraded"), _failed = State(kind, "failed"), _predicted = State(kind, "predicted_failure");
    private readonly DeviceConditions _conditions = new();

    public override IEnumerable<string> LabelNames => ["hw_type", "hw_state"];
    public override string Source => "the problems that stand on the device";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        var (own, board) = _conditions.Of(moment.Device, moment.Health);
        var isFailed = Any(own, board, Severity.Fatal);
        var isDegraded = !isFailed && Any(own, board, Severity.Degraded);
        writer.Sample(labels, _ok, isFailed || isDegraded ? 0 : 1);
        writer.Sample(labels, _degraded, isDegraded ? 1 : 0);
        writer.Sample(labels, _failed, isFailed ? 1 : 0);
        writer.Sample(labels, _predicted, IsPredicted(own) || IsPredicted(board) ? 1 : 0);
    }

    private static bool Any(ImmutableArray<Problem> own, ImmutableArray<Problem> board, Severity severity) => Has(own, severity) || Has(board, severity);

    private static bool Has(ImmutableArray<Problem> problems, Severity severity)
    {
        foreach (var problem in problems)
        {
            if (problem.Severity == severity)
                return true;
        }
        return false;
    }

    private static bool IsPredicted(ImmutableArray<Problem> problems)
    {
        foreach (var problem in problems)
        {
            if (problem.Action == SuggestedAction.Replace)
                return true;
        }
        return false;
    }

    private static LabelSet State(string kind, string state) => new(new("hw_type", kind), new("hw_state", state));
}

/// <summary>What a device is: all that does not change while it works.</summary>
internal sealed class InfoRows() : DeviceRows(
    new MetricHead("hw_accelerator_info", MetricType.Gauge, "Always 1: what the device is. Join it by hw_id."), MetricRank.Essential)
{
    private static readonly ImmutableArray<string> Names = ["model", "serial", "driver_version", "firmware_version", "pci_bdf", "numa_node", "partition_profile", "simulated"];

    private readonly ConditionalWeakTable<LabelSet, LabelSet> _byDevice = [];

    public override IEnumerable<string> LabelNames => Names;
    public override string Source => "the inventory";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (!_byDevice.TryGetValue(labels, out var more)) // another set of labels whenever the device is another
            _byDevice.Add(labels, more = Describe(moment.Device, moment.Vendor));
        writer.Sample(labels, more, 1);
    }

    private static LabelSet Describe(Device device, VendorInventory vendor) => new(Names.Zip(
        [
            device.Model, device.Serial ?? "", vendor.DriverVersion ?? "", device.Firmware.GetValueOrDefault("vbios", ""), device.PciAddress ?? "",
            device.NumaNode?.ToString(CultureInfo.InvariantCulture) ?? "", device.Partition?.Profile ?? "", vendor.IsSimulated ? "true" : "false",
        ], KeyValuePair.Create));
}

/// <summary>How full a device's memory is, of what programs can have.</summary>
internal sealed class MemoryRatioRows(FieldTable fields) : DeviceRows(
    new MetricHead("hw_gpu_memory_utilization_ratio", MetricType.Gauge, "Memory in use as a share of what the driver does not keep for itself, 0 to 1."), MetricRank.Essential)
{
    public const string Used = "memory_used_bytes";

    private readonly int _used = Place(fields, Used), _total = Place(fields, "memory_total_bytes"), _reserved = Place(fields, "memory_reserved_bytes");

    public override string Source => "`memory_used_bytes`, `memory_total_bytes`, `memory_reserved_bytes`";

    public override void Write(PageWriter writer, in DeviceMoment moment, LabelSet labels)
    {
        if (moment.Readings is not { } readings || Value(readings, _used) is not { } used || Value(readings, _total) is not { } total)
            return;
        var mine = total - (Value(readings, _reserved) ?? 0);
        if (mine > 0)
            writer.Sample(labels, Math.Min(1, used / mine));
    }

    private static int Place(FieldTable fields, string name) => fields.TryFind(name, out var place) ? place : -1;

    private static double? Value(Reading[] readings, int place) => (uint)place < (uint)readings.Length && readings[place].IsPresent ? readings[place].Value : null;
}
