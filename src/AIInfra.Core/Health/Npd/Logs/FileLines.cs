using System.Text;
using System.Text.RegularExpressions;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>Reads time and text out of the lines of one log file, as its monitor says.</summary>
internal sealed class FileLines(NpdFileFormat format, TimeProvider time)
{
    private readonly GoTimeLayout _layout = new(format.Layout);

    /// <summary>Null when the line is skipped, or holds no time of the form or no text.</summary>
    public (DateTimeOffset At, string Text)? Parse(ReadOnlySpan<byte> bytes, out bool isSkipped)
    {
        var line = Encoding.UTF8.GetString(bytes.Length <= LogMatcher.LongestText ? bytes : bytes[..LogMatcher.LongestText]);
        isSkipped = format.Skip.Any(skip => line.Contains(skip, StringComparison.Ordinal));
        if (isSkipped)
            return null;
        return TimeOf(line) is { } at && Last(format.Message, line) is { } text ? (at, text) : null;
    }

    public DateTimeOffset? TimeOf(string line) =>
        Last(format.Timestamp, line) is { } text ? _layout.Parse(text, time.GetUtcNow(), time.LocalTimeZone) : null;

    /// <summary>The last group, whether it took part or not; without groups the whole match.</summary>
    private static string? Last(Regex pattern, string line)
    {
        try
        {
            var match = pattern.Match(line);
            return match.Success ? match.Groups[match.Groups.Count - 1].Value : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }
}
