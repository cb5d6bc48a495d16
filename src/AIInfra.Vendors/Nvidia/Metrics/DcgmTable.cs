using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Metrics;

namespace AIInfra.Vendors.Nvidia.Metrics;

/// <summary>Whether a row of DCGM's is shown when nobody chooses.</summary>
internal enum DcgmKind
{
    /// <summary>In the exporter's default set.</summary>
    Standard,
    /// <summary>In its default set since 4.9.</summary>
    New,
    /// <summary>Shipped commented out there; shown here.</summary>
    Optional,
    /// <summary>Only where a CSV file lists it.</summary>
    Listed,
}

/// <summary>A field of DCGM's under its two names.</summary>
/// <param name="Legacy">Up to exporter 4.8.</param>
/// <param name="Current">Since 4.9; may be the same.</param>
internal sealed record DcgmRow(DcgmKind Kind, MetricFamily Legacy, MetricFamily Current);

/// <summary>The fields of DCGM's that NVML can answer, from the data file <c>dcgm.tsv</c>.</summary>
/// <remarks>Columns, tab separated: kind, rank, name and unit up to dcgm-exporter 4.8, name and unit since 4.9, type then and since, field of
/// <see cref="NvidiaFields"/>, meaning. Sources: dcgm-exporter etc/default-counters.csv, DCGM dcgm_fields of 4.6 and 4.7.</remarks>
internal static class DcgmTable
{
    private const double Mega = 1e-6, Mebi = 1.0 / (1 << 20), Milli = 1e3, Nano = 1e9, Percent = 100, Kilo = 1e-3;
    /// <summary>DCGM divides the driver's KiB by 1000 and calls it megabytes.</summary>
    private const double NvlinkMega = 1.0 / (1024 * 1000);

    public static ImmutableArray<DcgmRow> Rows { get; } = [.. NvidiaData.Lines("nvidia.dcgm.tsv").Select(Parse)];

    /// <summary>By either name.</summary>
    public static FrozenDictionary<string, DcgmRow> ByName { get; } = Rows
        .SelectMany(row => new[] { row.Legacy.Name, row.Current.Name }.Distinct().Select(name => (name, row)))
        .ToFrozenDictionary(entry => entry.name, entry => entry.row, StringComparer.Ordinal);

    private static DcgmRow Parse(string line)
    {
        if (line.Split('\t') is not [var kind, var rank, var name, var unit, var newName, var newUnit, var type, var newType, var field, var meaning])
            throw new FormatException($"dcgm.tsv: \"{line}\" has not ten columns");
        return new DcgmRow(
            kind switch { "standard" => DcgmKind.Standard, "new" => DcgmKind.New, "optional" => DcgmKind.Optional, "listed" => DcgmKind.Listed, _ => throw new FormatException($"'{kind}' is no kind") },
            Family(name, unit, type), Family(newName, newUnit, newType));

        MetricFamily Family(string called, string measuredIn, string word) =>
            new(called, $"{meaning}{UnitPhrase(measuredIn)}.", MetricTable.TypeOf(word), field, ScaleOf(measuredIn), IsInteger: measuredIn is not ("ratio" or "W" or "s"))
            {
                Rank = MetricTable.RankOf(rank),
                Unit = measuredIn,
            };
    }

    private static double ScaleOf(string unit) => unit switch
    {
        "MHz" => Mega,
        "MiB" => Mebi,
        "mJ" => Milli,
        "ns" => Nano,
        "%" => Percent,
        "MB/s" => NvlinkMega,
        "KB/s" => Kilo,
        "Hz" or "bytes" or "J" or "s" or "ratio" or "B/s" or "W" or "C" or "count" or "code" or "0/1" => 1,
        _ => throw new FormatException($"'{unit}' is no unit"),
    };

    private static string UnitPhrase(string unit) => unit switch
    {
        "Hz" => ", in hertz",
        "mJ" => ", in millijoules",
        "J" => ", in joules",
        "ns" => ", in nanoseconds",
        "s" => ", in seconds",
        "%" => ", in percent",
        "ratio" => ", 0 to 1",
        "B/s" => ", in bytes per second",
        "W" => ", in watts",
        "C" => ", in degrees Celsius",
        "count" or "code" or "0/1" => "",
        _ => $", in {unit}",
    };
}
