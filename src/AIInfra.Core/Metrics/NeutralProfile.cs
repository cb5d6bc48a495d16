using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Metrics;

/// <summary>Names that are the same for all vendors: OpenTelemetry's hardware conventions in Prometheus' spelling, base units only.</summary>
/// <remarks>Which family shows which reading is a table over the fields' names (<c>neutral.tsv</c>): a vendor that names its fields alike needs nothing
/// more. Source: OpenTelemetry semantic conventions, hardware; see docs/metrics.md.</remarks>
public static class NeutralProfile
{
    public const string Name = "neutral";

    /// <summary>Every family of the table, whoever has it.</summary>
    public static ImmutableArray<MetricFamily> Families { get; } = MetricTable.Load(typeof(NeutralProfile).Assembly, "core.neutral.tsv");

    /// <param name="fields">The vendor's.</param>
    /// <param name="more">Families that need the vendor's knowledge.</param>
    /// <param name="rows">Likewise.</param>
    /// <param name="kind">OpenTelemetry's <c>hw.type</c>: <c>gpu</c> for all accelerators, <c>network</c> for NICs.</param>
    public static MetricProfile Of(FieldTable fields, ImmutableArray<MetricFamily> more, ImmutableArray<DeviceRows> rows, string kind = "gpu") => new()
    {
        Name = Name,
        Vendor = fields.Vendor,
        Families = [.. Families.Where(family => fields.TryFind(family.Field, out _)), .. more],
        Rows = [
            new InfoRows(), new StatusRows(kind),
            .. fields.TryFind(MemoryRatioRows.Used, out _) ? [new MemoryRatioRows(fields)] : ImmutableArray<DeviceRows>.Empty, .. rows,
        ],
        Labels = Labels,
    };

    /// <summary>Of a PCIe link, by its speed.</summary>
    /// <param name="field">Transfers of one lane in a second, in billions.</param>
    public static MetricFamily LinkGeneration(string field) => Families.First(family => family.Name == "hw_pcie_link_generation") with { Field = field, Of = GenerationOf };

    /// <returns>Not a number, and so no series, for a speed that no generation has.</returns>
    internal static double GenerationOf(double gigatransfers) => gigatransfers switch { 2.5 => 1, 5 => 2, 8 => 3, 16 => 4, 32 => 5, 64 => 6, _ => double.NaN };

    /// <summary>Few and lasting ones; all detail is in <c>hw_accelerator_info</c>.</summary>
    private static ImmutableArray<KeyValuePair<string, string>> Labels(LabelledDevice labelled)
    {
        var device = labelled.Device;
        return
        [
            new("hw_id", device.Id), new("vendor", device.Vendor), new("index", device.Partition is null ? device.Index.ToString(CultureInfo.InvariantCulture) : device.DriverIndex()),
            .. device.ParentId is { } parent ? [new("hw_parent", parent)] : ImmutableArray<KeyValuePair<string, string>>.Empty,
            .. DcgmWorkload.Labels(labelled.Workload),
        ];
    }
}
