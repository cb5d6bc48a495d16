using System.Globalization;

namespace AIInfra.Core.Remediation.Ladders;

/// <summary>Times as a policy writes them: 30s, 10m, 2h, 7d.</summary>
public static class PolicyTime
{
    private const int Most = 10_000_000; // days that a TimeSpan can hold

    /// <returns>Null when it is none: a whole number and s, m, h or d.</returns>
    public static TimeSpan? Parse(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > Most)
            return null;
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }

    /// <summary>As it would be written.</summary>
    public static string Show(TimeSpan time) => time == TimeSpan.Zero ? "0s"
        : time.Ticks % TimeSpan.TicksPerDay == 0 ? $"{time.Days}d"
        : time.Ticks % TimeSpan.TicksPerHour == 0 ? $"{(int)time.TotalHours}h"
        : time.Ticks % TimeSpan.TicksPerMinute == 0 ? $"{(int)time.TotalMinutes}m" : $"{(long)time.TotalSeconds}s";
}
