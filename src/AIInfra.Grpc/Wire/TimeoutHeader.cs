using System.Globalization;

namespace AIInfra.Grpc.Wire;

/// <summary>The value of <c>grpc-timeout</c>: one to eight digits and a unit.</summary>
/// <remarks>Source: grpc/grpc doc/PROTOCOL-HTTP2.md, "Timeout".</remarks>
internal static class TimeoutHeader
{
    private const int MaxValue = 99_999_999;
    /// <summary>Finest first; a nanosecond is less than a tick, hence 100 of them.</summary>
    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond), ('m', TimeSpan.TicksPerMillisecond), ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute), ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>In the finest unit that holds it, rounded up: the peer must not give up before we do.</summary>
    public static string Format(TimeSpan timeout)
    {
        var ticks = Math.Max(0, timeout.Ticks);
        if (ticks <= MaxValue / TimeSpan.NanosecondsPerTick)
            return string.Create(CultureInfo.InvariantCulture, $"{ticks * TimeSpan.NanosecondsPerTick}n");
        foreach (var (unit, size) in Units)
            if ((ticks - 1) / size + 1 is var count and <= MaxValue)
                return string.Create(CultureInfo.InvariantCulture, $"{count}{unit}");
        return string.Create(CultureInfo.InvariantCulture, $"{MaxValue}H"); // 11,000 years
    }

    /// <returns>False when it is none of the documented forms.</returns>
    public static bool TryParse(string value, out TimeSpan timeout)
    {
        timeout = default;
        if (value.Length is < 2 or > 9 || !int.TryParse(value.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            return false;
        if (value[^1] == 'n')
        {
            timeout = TimeSpan.FromTicks((count + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);
            return true;
        }
        foreach (var (unit, size) in Units)
            if (unit == value[^1])
            {
                timeout = TimeSpan.FromTicks(count * size);
                return true;
            }
        return false;
    }
}
