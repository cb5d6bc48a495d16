using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Generic;

/// <summary>What rows can tell of a device.</summary>
internal static class GenericFields
{
    public const string Vendor = "generic", RowTrait = "row", NumberTrait = "number";

    /// <summary>Names that a row's readings may have.</summary>
    public static ImmutableArray<string> Readings { get; } =
        ["temperature_celsius", "power_watts", "utilization_ratio", "memory_total_bytes", "memory_used_bytes", "clock_hertz", "energy_joules_total", "errors_corrected_total", "errors_uncorrected_total"];

    public static FieldTable Table { get; } = new(Vendor,
    [
        new("failed_check", FieldKind.Gauge) { Source = "the row's health files" }, // which of the row's health checks fails, from 1; 0: none does
        .. Readings.Select(name => new Field(name, name.EndsWith("_total", StringComparison.Ordinal) ? FieldKind.Counter : FieldKind.Gauge) { Source = "the row's file", Absence = "rows that name no file for it" }),
    ]);
}

/// <summary>The open files of one device.</summary>
internal sealed class GenericFiles : IDeviceFiles
{
    private const int LongestState = 256;
    private static readonly int FailedCheck = GenericFields.Table["failed_check"];

    private readonly ImmutableArray<(GenericCheck Check, KernelFile File, ImmutableArray<byte[]> Good, byte[]? Unless)> _checks;
    private readonly ImmutableArray<(int Place, double Scale, KernelFile File)> _readings;
    private readonly string _id;
    private readonly ConcurrentDictionary<string, string> _evidence;

    public GenericFiles(KernelTree sys, string folder, GenericRow row, string id, ConcurrentDictionary<string, string> evidence)
    {
        (_id, _evidence) = (id, evidence);
        KernelFile Open(string pattern) => KernelFile.Open(sys.Here(sys.Match($"{folder}/{pattern}") is [var file, ..] ? file : $"{folder}/{pattern}"));
        _checks = [.. row.Health.Select(check => (check, Open(check.File), check.Good.Select(Encoding.UTF8.GetBytes).ToImmutableArray(), check.Unless is { } text ? Encoding.UTF8.GetBytes(text) : null))];
        _readings = [.. row.Readings.Select(reading => (GenericFields.Table[reading.Field], reading.Scale, Open(reading.File)))];
    }

    public void Read(Span<Reading> readings)
    {
        readings[FailedCheck] = Check();
        foreach (var (place, scale, file) in _readings)
            readings[place] = file.ReadNumber(scale);
    }

    /// <summary>Absent where the row has no check, unknown where a file does not answer and no other check fails.</summary>
    private Reading Check()
    {
        Span<byte> buffer = stackalloc byte[LongestState];
        var result = Reading.Absent;
        for (var at = 0; at < _checks.Length; at++)
        {
            var (check, file, good, unless) = _checks[at];
            var state = file.Read(buffer, out var length);
            var text = ((ReadOnlySpan<byte>)buffer[..length]).Trim(" \t\r\n\0"u8);
            if (state != ReadingState.Present || text.IsEmpty || (unless is not null && text.SequenceEqual(unless)))
            {
                result = state == ReadingState.Absent ? result : Reading.Unknown;
                continue;
            }
            if (!Has(good, text))
            {
                _evidence[_id] = $"{check.File} holds \"{new string([.. Encoding.UTF8.GetString(text).Select(letter => char.IsControl(letter) ? '?' : letter)])}\"; well is {string.Join(" or ", check.Good)}";
                return Reading.Of(at + 1);
            }
            if (result.State == ReadingState.Absent)
                result = Reading.Of(0);
        }
        return result;
    }

    private static bool Has(ImmutableArray<byte[]> list, ReadOnlySpan<byte> text)
    {
        foreach (var item in list)
        {
            if (text.SequenceEqual(item))
                return true;
        }
        return false;
    }

    public void Dispose()
    {
        foreach (var check in _checks)
            check.File.Dispose();
        foreach (var reading in _readings)
            reading.File.Dispose();
    }
}
