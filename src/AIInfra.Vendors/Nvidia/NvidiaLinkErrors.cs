using System.Globalization;
using AIInfra.Core.Sampling;

namespace AIInfra.Vendors.Nvidia;

/// <summary>What each link of a board has counted: the NVLinks, and those to the CPU (C2C). Read once a minute, since it is a question a link;
/// in between the last answer stands.</summary>
internal sealed class NvidiaLinkErrors(TimeProvider time)
{
    /// <summary>Links with a counter of their own; a board has up to 36, of which the further ones are in the sums.</summary>
    public const int MostLinks = 18;
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private const int MostC2cLinks = 14, OldRows = 3;

    /// <summary>Per link: replays, recoveries and CRC errors of NVLink 1 to 4; the others since NVLink 5. Scope is the link.</summary>
    private static readonly (uint Id, string? Sum, bool IsError)[] Rows =
    [
        (161, null, true), (162, null, true), (163, null, true),
        (206, "nvlink_malformed_packets_total", true),
        (207, "nvlink_buffer_overruns_total", true),
        (208, "nvlink_receive_errors_total", true),
        (211, "nvlink_integrity_errors_total", false), // those that the link found itself: they are in 208 too
        (212, "nvlink_discarded_packets_total", false),
        (213, "nvlink_recoveries_total", false),
        (214, "nvlink_failed_recoveries_total", true),
        (219, "nvlink_effective_errors_total", true), // after error correction
        (221, "nvlink_symbol_errors_total", false), // before it
        (220, null, false),
    ];
    private const string WorstRate = "nvlink_effective_bit_error_ratio";
    private static readonly NvmlField[] Fields = [.. Rows.Select(row => (NvmlField)row.Id)];
    private static readonly NvmlField[] C2cFields = [(NvmlField)171, (NvmlField)231, (NvmlField)232, (NvmlField)233];
    private static readonly string[] C2cSums = ["c2c_links_up", "c2c_errors_total", "c2c_replays_total", "c2c_back_to_back_replays_total"];

    public static IEnumerable<Field> Table { get; } =
    [
        .. Rows.Where(row => row.Sum is not null).Select(row => new Field(row.Sum!, FieldKind.Counter)),
        new(WorstRate, FieldKind.Gauge), // of the worst link
        .. Enumerable.Range(0, MostLinks).Select(link => new Field(OfLink(link), FieldKind.Counter)), // all errors of one link together
        new("c2c_links", FieldKind.Gauge),
        new(C2cSums[0], FieldKind.Gauge),
        .. C2cSums.Skip(1).Select(name => new Field(name, FieldKind.Counter)),
    ];

    private readonly Dictionary<int, Reading> _last = [];
    private long? _read;

    public static string OfLink(int link) => string.Create(CultureInfo.InvariantCulture, $"nvlink_{link}_errors_total");

    /// <exception cref="Core.VendorHost.VendorException">Device lost.</exception>
    public void Read(NvmlLibrary nvml, NvmlDevice device, int links, Span<Reading> readings)
    {
        if (_read is not { } read || time.GetElapsedTime(read) >= Interval)
        {
            _last.Clear();
            _read = time.GetTimestamp();
            ReadLinks(nvml, device, links);
            ReadC2c(nvml, device);
        }
        foreach (var (place, reading) in _last)
            readings[place] = reading;
    }

    private void ReadLinks(NvmlLibrary nvml, NvmlDevice device, int links)
    {
        Span<Reading> row = stackalloc Reading[Fields.Length];
        for (var link = 0; link < links; link++)
        {
            nvml.Fields(device, Fields, (uint)link, row);
            var (old, errors) = (Reading.Absent, Reading.Absent);
            for (var at = 0; at < Rows.Length; at++)
            {
                if (at < OldRows)
                    old = Sum(old, row[at]);
                else if (Rows[at].IsError)
                    errors = Sum(errors, row[at]);
                if (Rows[at].Sum is { } name)
                    Add(name, row[at]);
            }
            if (link < MostLinks)
                _last[NvidiaFields.Table[OfLink(link)]] = errors.State == ReadingState.Absent ? old : errors; // where both are told, they tell of the same
            KeepWorst(row[^1]);
        }
    }

    private void ReadC2c(NvmlLibrary nvml, NvmlDevice device)
    {
        Span<Reading> count = stackalloc Reading[1];
        nvml.Fields(device, [(NvmlField)170], count);
        _last[NvidiaFields.Table["c2c_links"]] = count[0];
        Span<Reading> row = stackalloc Reading[C2cFields.Length];
        for (var link = 0; count[0].IsPresent && link < Math.Min(count[0].Value, MostC2cLinks); link++)
        {
            nvml.Fields(device, C2cFields, (uint)link, row);
            for (var at = 0; at < row.Length; at++)
                Add(C2cSums[at], row[at]);
        }
    }

    private void Add(string name, Reading more)
    {
        var place = NvidiaFields.Table[name];
        _last[place] = Sum(_last.GetValueOrDefault(place), more);
    }

    /// <summary>Unknown as soon as one part is.</summary>
    private static Reading Sum(Reading sum, Reading more) =>
        more.State == ReadingState.Absent ? sum
        : sum.State == ReadingState.Unknown || more.State == ReadingState.Unknown ? Reading.Unknown
        : Reading.Of(sum.Value + more.Value);

    /// <summary>The driver packs a rate: exponent in the bits 0 to 7, mantissa from bit 8 on; mantissa times ten to the minus exponent.</summary>
    private void KeepWorst(Reading packed)
    {
        if (!packed.IsPresent || packed.Value > uint.MaxValue)
            return;
        var word = (uint)packed.Value;
        var rate = ((word >> 8) & 0xf) * Math.Pow(10, -(double)(word & 0xff));
        var place = NvidiaFields.Table[WorstRate];
        if (!_last.TryGetValue(place, out var worst) || rate > worst.Value)
            _last[place] = Reading.Of(rate);
    }
}
