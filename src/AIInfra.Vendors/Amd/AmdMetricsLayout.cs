using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Amd;

/// <summary>One member of the driver's gpu_metrics structs.</summary>
/// <param name="Width">Of one element, in bytes: 1, 2, 4 or 8.</param>
internal readonly record struct MetricsMember(int Offset, int Width, int Count)
{
    /// <summary>One element; absent when all its bits are set, which is how the driver says that it has no such value.</summary>
    public Reading Read(ReadOnlySpan<byte> blob, int element, double scale)
    {
        var bytes = blob.Slice(Offset + element * Width, Width);
        var (value, none) = Width switch
        {
            1 => (bytes[0], byte.MaxValue),
            2 => (BinaryPrimitives.ReadUInt16LittleEndian(bytes), ushort.MaxValue),
            4 => (BinaryPrimitives.ReadUInt32LittleEndian(bytes), uint.MaxValue),
            _ => (BinaryPrimitives.ReadUInt64LittleEndian(bytes), ulong.MaxValue),
        };
        return value == none ? Reading.Absent : Reading.Of(value * scale);
    }
}

/// <summary>One version of the struct that amdgpu gives in the file gpu_metrics.</summary>
/// <remarks>Read from gpu_metrics.tsv: every version up to 1.8, 2.4 and 3.0. From 1.9 on it is a stream of attributes, which is not read.</remarks>
internal sealed class AmdMetricsLayout
{
    private const string PartitionRecord = "xcp";

    /// <summary>By the bytes of the header: format, content, and the size that tells two variants of 1.6 apart.</summary>
    private static readonly FrozenDictionary<(int Format, int Content, int Size), AmdMetricsLayout> Known = Load();

    public required string Version { get; init; }
    public required int Size { get; init; }
    public required FrozenDictionary<string, MetricsMember> Members { get; init; }
    /// <summary>How busy the engines of each compute partition are, in percent: the first partition's, and how many bytes farther the next one's are. Null before 1.6.</summary>
    public (MetricsMember First, int Stride, int Count)? PartitionLoad { get; init; }

    public static IEnumerable<AmdMetricsLayout> All => Known.Values;

    /// <summary>Null for a version, or a size of it, that is not known.</summary>
    public static AmdMetricsLayout? Of(ReadOnlySpan<byte> blob) =>
        blob.Length < 4 ? null : Known.GetValueOrDefault((blob[2], blob[3], BinaryPrimitives.ReadUInt16LittleEndian(blob)));

    private static FrozenDictionary<(int Format, int Content, int Size), AmdMetricsLayout> Load()
    {
        var byVersion = VendorData.Lines("amd.gpu_metrics.tsv").Select(line => line.Split('\t')).GroupBy(cells => (Version: cells[0], Size: Number(cells[1]))).ToArray();
        var records = byVersion.Where(group => group.Key.Version.StartsWith(PartitionRecord, StringComparison.Ordinal))
            .ToDictionary(group => group.Key.Version[PartitionRecord.Length..], group => (group.Key.Size, Load: MemberOf(group.First(cells => cells[3] == "gfx_busy_inst"))), StringComparer.Ordinal);
        return byVersion.Where(group => !group.Key.Version.StartsWith(PartitionRecord, StringComparison.Ordinal))
            .Select(group => new AmdMetricsLayout
            {
                Version = group.Key.Version,
                Size = group.Key.Size,
                Members = group.Where(cells => WidthOf(cells[4]) > 0).ToFrozenDictionary(cells => cells[3], MemberOf, StringComparer.Ordinal),
                PartitionLoad = group.FirstOrDefault(cells => cells[3] == "xcp_stats") is { } stats && records[group.Key.Version] is var (size, load)
                    ? (load with { Offset = Number(stats[2]) + load.Offset }, size, Number(stats[5])) : null,
            })
            .ToFrozenDictionary(layout => (layout.Version[0] - '0', layout.Version[2] - '0', layout.Size));
    }

    private static MetricsMember MemberOf(string[] cells) => new(Number(cells[2]), WidthOf(cells[4]), Number(cells[5]));

    private static int WidthOf(string type) => type switch { "u8" => 1, "u16" => 2, "u32" => 4, "u64" => 8, _ => 0 };

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
