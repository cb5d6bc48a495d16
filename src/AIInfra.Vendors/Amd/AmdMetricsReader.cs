using System.Buffers.Binary;
using System.Collections.Immutable;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Amd;

/// <summary>Takes readings out of a gpu_metrics blob, whatever its version.</summary>
/// <remarks>Version 1: degrees, watts, megahertz, percent. Version 2: hundredths of a degree and of a percent, milliwatts. Version 3: hundredths of a degree,
/// percent, milliwatts. Energy counts 15.259 uJ, link speeds 0.1 GT/s, XGMI data 1024 bytes.</remarks>
internal sealed class AmdMetricsReader
{
    private enum Unit { Plain, Celsius, Watts, Ratio, MegaHertz, Energy, Kibibytes, TenthSpeed }

    private enum Fold { First, Highest, Sum, Mean }

    /// <param name="Members">The first of these that the version has.</param>
    private sealed record Source(string Field, FieldKind Kind, Unit Unit, Fold Fold, params string[] Members);

    private static readonly ImmutableArray<Source> Sources =
    [
        new("metrics_temperature_edge_celsius", FieldKind.Gauge, Unit.Celsius, Fold.First, "temperature_edge", "temperature_gfx"),
        new("metrics_temperature_hotspot_celsius", FieldKind.Gauge, Unit.Celsius, Fold.First, "temperature_hotspot", "temperature_soc"),
        new("metrics_temperature_memory_celsius", FieldKind.Gauge, Unit.Celsius, Fold.First, "temperature_mem"),
        new("metrics_temperature_hbm_celsius", FieldKind.Gauge, Unit.Celsius, Fold.Highest, "temperature_hbm"),
        new("metrics_temperature_regulator_celsius", FieldKind.Gauge, Unit.Celsius, Fold.First, "temperature_vrsoc"),
        new("metrics_power_watts", FieldKind.Gauge, Unit.Watts, Fold.First, "curr_socket_power", "average_socket_power"),
        new("energy_joules_total", FieldKind.Counter, Unit.Energy, Fold.First, "energy_accumulator"),
        new("metrics_utilization_ratio", FieldKind.Gauge, Unit.Ratio, Fold.First, "average_gfx_activity"),
        new("metrics_memory_activity_ratio", FieldKind.Gauge, Unit.Ratio, Fold.First, "average_umc_activity"),
        new("video_activity_ratio", FieldKind.Gauge, Unit.Ratio, Fold.Mean, "vcn_activity", "average_vcn_activity", "average_mm_activity"),
        new("jpeg_activity_ratio", FieldKind.Gauge, Unit.Ratio, Fold.Mean, "jpeg_activity"),
        new("graphics_clock_hertz", FieldKind.Gauge, Unit.MegaHertz, Fold.Highest, "current_gfxclk", "average_gfxclk"),
        new("memory_clock_hertz", FieldKind.Gauge, Unit.MegaHertz, Fold.First, "current_uclk", "average_uclk"),
        new("soc_clock_hertz", FieldKind.Gauge, Unit.MegaHertz, Fold.Highest, "current_socclk", "average_socclk"),
        new("video_clock_hertz", FieldKind.Gauge, Unit.MegaHertz, Fold.Highest, "current_vclk0", "current_vclk"),
        new("data_clock_hertz", FieldKind.Gauge, Unit.MegaHertz, Fold.Highest, "current_dclk0", "current_dclk"),
        new("throttle_status", FieldKind.Gauge, Unit.Plain, Fold.First, "indep_throttle_status", "throttle_status"), // bits
        new("metrics_pcie_link_width", FieldKind.Gauge, Unit.Plain, Fold.First, "pcie_link_width"),
        new("metrics_pcie_link_speed_gigatransfers", FieldKind.Gauge, Unit.TenthSpeed, Fold.First, "pcie_link_speed"),
        new("pcie_recoveries_total", FieldKind.Counter, Unit.Plain, Fold.First, "pcie_l0_to_recov_count_acc"),
        new("metrics_pcie_replays_total", FieldKind.Counter, Unit.Plain, Fold.First, "pcie_replay_count_acc"),
        new("pcie_replay_rollovers_total", FieldKind.Counter, Unit.Plain, Fold.First, "pcie_replay_rover_count_acc"),
        new("pcie_nak_sent_total", FieldKind.Counter, Unit.Plain, Fold.First, "pcie_nak_sent_count_acc"),
        new("pcie_nak_received_total", FieldKind.Counter, Unit.Plain, Fold.First, "pcie_nak_rcvd_count_acc"),
        new("xgmi_link_width", FieldKind.Gauge, Unit.Plain, Fold.First, "xgmi_link_width"),
        new("xgmi_link_gigabits", FieldKind.Gauge, Unit.Plain, Fold.First, "xgmi_link_speed"),
        new("xgmi_read_bytes_total", FieldKind.Counter, Unit.Kibibytes, Fold.Sum, "xgmi_read_data_acc"),
        new("xgmi_write_bytes_total", FieldKind.Counter, Unit.Kibibytes, Fold.Sum, "xgmi_write_data_acc"),
        new("accumulation_cycles_total", FieldKind.Counter, Unit.Plain, Fold.First, "accumulation_counter"), // what the residencies below are parts of
        new("throttle_processor_hot_total", FieldKind.Counter, Unit.Plain, Fold.First, "prochot_residency_acc"),
        new("throttle_power_total", FieldKind.Counter, Unit.Plain, Fold.First, "ppt_residency_acc"),
        new("throttle_socket_thermal_total", FieldKind.Counter, Unit.Plain, Fold.First, "socket_thm_residency_acc"),
        new("throttle_regulator_thermal_total", FieldKind.Counter, Unit.Plain, Fold.First, "vr_thm_residency_acc"),
        new("throttle_hbm_thermal_total", FieldKind.Counter, Unit.Plain, Fold.First, "hbm_thm_residency_acc"),
    ];

    public static ImmutableArray<(string Field, FieldKind Kind, string Members)> Rows { get; } = [.. Sources.Select(source => (source.Field, source.Kind, string.Join(" or ", source.Members)))];

    private readonly Dictionary<string, (MetricsMember Member, double Scale, Fold Fold)?[]> _plans = new(StringComparer.Ordinal); // by version and size
    private AmdMetricsLayout? _last;
    private (MetricsMember Member, double Scale, Fold Fold)?[] _plan = [];

    /// <param name="blob">What one read of the file gave; may be anything.</param>
    /// <param name="readings">One place for each of <see cref="Rows"/>. All absent for a version that is not known, unknown for a blob that was cut off.</param>
    public void Read(ReadOnlySpan<byte> blob, Span<Reading> readings)
    {
        if (AmdMetricsLayout.Of(blob) is not { } layout)
        {
            if (blob.Length < 4 || BinaryPrimitives.ReadUInt16LittleEndian(blob) > blob.Length)
                readings.Fill(Reading.Unknown);
            return;
        }
        if (blob.Length < layout.Size)
        {
            readings.Fill(Reading.Unknown);
            return;
        }
        if (!ReferenceEquals(layout, _last))
            (_last, _plan) = (layout, PlanOf(layout));
        for (var at = 0; at < _plan.Length; at++)
        {
            if (_plan[at] is { } source)
                readings[at] = Folded(blob, source.Member, source.Scale, source.Fold);
        }
    }

    /// <summary>How busy one compute partition is; absent where the version does not say.</summary>
    public static Reading PartitionLoad(ReadOnlySpan<byte> blob, int partition)
    {
        if (AmdMetricsLayout.Of(blob) is not { PartitionLoad: { } load } layout || partition >= load.Count)
            return Reading.Absent;
        return blob.Length < layout.Size ? Reading.Unknown : Folded(blob, load.First with { Offset = load.First.Offset + partition * load.Stride }, 0.01, Fold.Mean);
    }

    private static Reading Folded(ReadOnlySpan<byte> blob, MetricsMember member, double scale, Fold fold)
    {
        var (total, highest, count) = (0.0, 0.0, 0);
        for (var element = 0; element < member.Count; element++)
        {
            if (member.Read(blob, element, scale) is not { IsPresent: true, Value: var value })
                continue;
            if (fold == Fold.First)
                return Reading.Of(value);
            (total, highest, count) = (total + value, Math.Max(highest, value), count + 1);
        }
        return count == 0 ? Reading.Absent : Reading.Of(fold switch { Fold.Sum => total, Fold.Mean => total / count, _ => highest });
    }

    private (MetricsMember, double, Fold)?[] PlanOf(AmdMetricsLayout layout)
    {
        var key = $"{layout.Version} {layout.Size}";
        if (!_plans.TryGetValue(key, out var plan))
        {
            _plans[key] = plan = [.. Sources.Select(source => source.Members.FirstOrDefault(layout.Members.ContainsKey) is { } name && !(source.Unit == Unit.TenthSpeed && layout.Version == "1.0")
                ? ((MetricsMember, double, Fold)?)(layout.Members[name], ScaleOf(source.Unit, layout.Version), source.Fold) : null)];
        }
        return plan;
    }

    private static double ScaleOf(Unit unit, string version) => (unit, version[0]) switch
    {
        (Unit.Celsius, '1') => 1,
        (Unit.Celsius, _) => 0.01,
        (Unit.Watts, '1') => 1,
        (Unit.Watts, _) => 0.001,
        (Unit.Ratio, '2') => 0.0001,
        (Unit.Ratio, _) => 0.01,
        (Unit.MegaHertz, _) => 1e6,
        (Unit.Energy, _) => 15.259e-6,
        (Unit.Kibibytes, _) => 1024,
        (Unit.TenthSpeed, _) => 0.1, // version 1.0 has the generation there, see PlanOf
        _ => 1,
    };
}
