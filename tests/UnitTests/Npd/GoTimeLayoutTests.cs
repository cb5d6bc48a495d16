using System.Globalization;
using AIInfra.Core.Health.Npd.Logs;

namespace AIInfra.UnitTests.Npd;

public sealed class GoTimeLayoutTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("2006-01-02T15:04:05.999999999-07:00", "2025-12-31T23:59:58.5+02:00", "2025-12-31T21:59:58.5000000Z")]
    [InlineData("2006-01-02T15:04:05.999999999-07:00", "2025-12-31T23:59:58+02:00", "2025-12-31T21:59:58.0000000Z")]
    [InlineData("2006-01-02T15:04:05Z07:00", "2025-12-31T23:59:58Z", "2025-12-31T23:59:58.0000000Z")]
    [InlineData("2006-01-02T15:04:05Z07:00", "2025-12-31T23:59:58.123-01:30", "2026-01-01T01:29:58.1230000Z")]
    [InlineData("Jan _2 15:04:05", "Jan  2 03:00:00", "2026-01-02T03:00:00.0000000Z")]
    [InlineData("Jan _2 15:04:05", "Jan 12 03:00:00", "2025-01-12T03:00:00.0000000Z")]
    [InlineData("Jan _2 15:04:05", "Dec 31 23:59:59", "2025-12-31T23:59:59.0000000Z")]
    [InlineData("Jan _2 15:04:05", "Jan  3 03:00:00", "2026-01-03T03:00:00.0000000Z")]
    [InlineData("Jan _2 15:04:05", "Feb 29 00:00:00", null)]
    [InlineData("Mon Jan _2 15:04:05 2006", "Wed Dec 31 10:00:00 2025", "2025-12-31T10:00:00.0000000Z")]
    [InlineData("Monday, 02-Jan-06 15:04:05 MST", "Wednesday, 31-Dec-25 10:00:00 UTC", "2025-12-31T10:00:00.0000000Z")]
    [InlineData("3:04PM 1/2/2006", "12:30AM 12/31/2025", "2025-12-31T00:30:00.0000000Z")]
    [InlineData("03:04 pm 01/02/06", "02:30 pm 12/31/25", "2025-12-31T14:30:00.0000000Z")]
    [InlineData("2006/01/02 15:04:05.000", "2025/12/31 10:00:00.250", "2025-12-31T10:00:00.2500000Z")]
    [InlineData("2006/01/02 15:04:05,000", "2025/12/31 10:00:00,250", "2025-12-31T10:00:00.2500000Z")]
    [InlineData("2006-002 15:04", "2025-365 10:00", "2025-12-31T10:00:00.0000000Z")]
    [InlineData("January 2 2006", "december 1 2025", "2025-12-01T00:00:00.0000000Z")]
    [InlineData("2006-01-02", "2025-12-31 rest", null)]
    [InlineData("2006-01-02", "2025-13-31", null)]
    [InlineData("2006-01-02", "2025-02-30", null)]
    [InlineData("15:04:05", "24:00:00", null)]
    [InlineData("2006/01/02 15:04:05.000", "2025/12/31 10:00:00.25", null)]
    [InlineData("Jan _2 15:04:05", "not a time", null)]
    [InlineData("Jan _2 15:04:05", "", null)]
    public void Reads_what_Go_reads(string layout, string text, string? expected)
    {
        var time = new GoTimeLayout(layout).Parse(text, Now, TimeZoneInfo.Utc);

        Assert.Equal(expected, time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
    }
}
