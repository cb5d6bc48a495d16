using System.Buffers;
using System.Globalization;

namespace AIInfra.Core.Health.Npd.Configuration;

/// <summary>Durations as Go writes them: <c>300ms</c>, <c>1.5h</c>, <c>2h45m</c>, <c>0</c>. There are no days.</summary>
internal static class GoDuration
{
    public const string Form = "a duration such as 30s, 1.5h or 2h45m; the units are ns, us, ms, s, m and h";

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <summary>Null for a text that is none.</summary>
    public static TimeSpan? Parse(string text)
    {
        var rest = text.AsSpan();
        var isNegative = rest is ['-', ..];
        if (rest is ['-' or '+', ..])
            rest = rest[1..];
        if (rest is "0")
            return TimeSpan.Zero;
        if (rest.IsEmpty)
            return null;
        var ticks = 0.0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return null;
            rest = rest[digits..];
            var unit = rest.IndexOfAny(Digits) is >= 0 and var next ? next : rest.Length;
            if (TicksOf(rest[..unit]) is not { } each)
                return null;
            ticks += number * each;
            rest = rest[unit..];
        }
        return ticks > TimeSpan.MaxValue.Ticks / 2 ? null : TimeSpan.FromTicks((long)(isNegative ? -ticks : ticks));
    }

    private static double? TicksOf(ReadOnlySpan<char> unit) => unit switch
    {
        "ns" => 0.01,
        "us" or "µs" or "μs" => TimeSpan.TicksPerMicrosecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" => TimeSpan.TicksPerMinute,
        "h" => TimeSpan.TicksPerHour,
        _ => null,
    };
}
