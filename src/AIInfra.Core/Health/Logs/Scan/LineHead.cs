using System.Buffers;
using System.Buffers.Text;
using AIInfra.Linux.KernelLog;

namespace AIInfra.Core.Health.Logs.Scan;

/// <summary>Tells what stands before the message in a line of a saved log, and so who wrote it. Each line is looked at for itself: files are mixed.</summary>
/// <remarks>Known are bare messages; dmesg (plain, <c>-T</c>, <c>-x</c>, <c>--time-format iso</c>); syslog files of either kind of date, with or
/// without a priority; RFC 5424; journalctl's short forms; records of /dev/kmsg. A line of a program's own log is left whole.</remarks>
internal static class LineHead
{
    private static readonly SearchValues<byte> WordBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz01234567 "u8), SecondsBytes = SearchValues.Create("0123456789."u8);

    private static ReadOnlySpan<byte> Months => "JanFebMarAprMayJunJulAugSepOctNovDec"u8;

    /// <summary>What a head says.</summary>
    public struct Head
    {
        public LogOrigin Origin { get; set; }
        /// <summary>It was a record of /dev/kmsg: lines of its dictionary may follow.</summary>
        public bool IsRecord { get; set; }
        /// <summary>By a clock that only lines of the same form share; -1: none.</summary>
        public long Microseconds { get; set; }
        /// <summary>Where the tag of a process stands, without its id: counted from the end of the line, and its length; 0: none.</summary>
        public (int FromEnd, int Length) Service { get; set; }

        public readonly ReadOnlySpan<byte> ServiceIn(ReadOnlySpan<byte> line) => Service.Length == 0 ? default : line[^Service.FromEnd..][..Service.Length];
    }

    /// <summary>The message, and in <paramref name="head"/> who wrote it and when. Never throws. May unescape a record in place.</summary>
    /// <param name="trustUserspace">Records of other facilities than the kernel's count as the kernel's.</param>
    public static ReadOnlySpan<byte> Strip(Span<byte> line, bool trustUserspace, out Head head)
    {
        head = new Head { Microseconds = -1 };
        if (line.IsEmpty)
            return line;
        if (char.IsAsciiDigit((char)line[0]) && KernelLogRecord.TryParse(line, out var record))
        {
            head.IsRecord = true;
            head.Microseconds = record.Microseconds;
            head.Origin = record.Facility == 0 || trustUserspace ? LogOrigin.Kernel : LogOrigin.Service;
            return record.Message;
        }
        ReadOnlySpan<byte> rest = line;
        var hasPriority = TakePriority(ref rest, out var isKernels);
        if (hasPriority)
            head.Origin = isKernels || trustUserspace ? LogOrigin.Kernel : LogOrigin.Service;
        if (rest.IsEmpty)
            return rest;
        if (hasPriority && rest.StartsWith("1 "u8))
            return StripRfc5424(rest[2..], ref head);
        if (TakeFacilityWord(ref rest, out isKernels))
            head.Origin = isKernels || trustUserspace ? LogOrigin.Kernel : LogOrigin.Service;
        if (rest.IsEmpty)
            return rest;
        if (TakeBracketedTime(ref rest, ref head))
        {
            head.Origin = head.Origin == LogOrigin.Service ? head.Origin : LogOrigin.Kernel;
            return StripHostAndTag(rest, isNeeded: false, ref head);
        }
        if (TakeSyslogDate(ref rest, ref head))
            return StripHostAndTag(rest, isNeeded: true, ref head);
        if (TakeIsoDate(ref rest, ref head, out var isDmesg))
        {
            if (!isDmesg)
                return StripHostAndTag(rest, isNeeded: true, ref head);
            head.Origin = head.Origin == LogOrigin.Service ? head.Origin : LogOrigin.Kernel;
        }
        else if (rest.Length > 22 && rest[0] == '[' && rest[4] == ' ' && rest[7] == ' ' && rest[12] == ' ' && rest[15] == ':' && rest[21] == ']')
        {
            head.Origin = LogOrigin.Service; // a program's own log: "[Feb 10 2026 11:02:41] [ERROR] …"
        }
        return rest;
    }

    /// <summary><c>&lt;4&gt;</c>: facility times eight plus level.</summary>
    private static bool TakePriority(ref ReadOnlySpan<byte> rest, out bool isKernels)
    {
        isKernels = false;
        if (rest[0] != '<' || rest.Length < 3 || !Utf8Parser.TryParse(rest[1..], out uint priority, out var length) || length > 4
            || length + 1 >= rest.Length || rest[length + 1] != '>')
            return false;
        isKernels = priority < 8;
        rest = rest[(length + 2)..];
        return true;
    }

    /// <summary><c>kern  :err   : </c>, as <c>dmesg -x</c> prints.</summary>
    private static bool TakeFacilityWord(ref ReadOnlySpan<byte> rest, out bool isKernels)
    {
        isKernels = rest.StartsWith("kern  :"u8);
        const int Width = 16;
        if (rest.Length < Width || rest[6] != ':' || rest[13] != ':' || rest[14] != ' ' || rest[..6].ContainsAnyExcept(WordBytes))
            return false;
        rest = rest[15..];
        return true;
    }

    /// <summary><c>[  842.113907] </c>, <c>[  +0.000003] </c>, <c>[Feb10 11:02] </c> or <c>[Mon Feb 10 11:02:41 2026] </c>.</summary>
    private static bool TakeBracketedTime(ref ReadOnlySpan<byte> rest, scoped ref Head head)
    {
        if (rest.IsEmpty || rest[0] != '[')
            return false;
        var end = rest.IndexOf((byte)']');
        if (end is < 2 or > 32 || end + 1 >= rest.Length || rest[end + 1] is not ((byte)' ' or (byte)'['))
            return false;
        var inside = rest[1..end].TrimStart(" +"u8);
        var isSeconds = inside.IndexOf((byte)'.') > 0 && !inside.ContainsAnyExcept(SecondsBytes);
        var isDay = inside.Length == 24 && inside[3] == ' ' && inside[13] == ':' && inside[16] == ':';
        var isReal = inside.Length == 11 && inside[5] == ' ' && inside[8] == ':';
        if (!isSeconds && !isDay && !isReal)
            return false;
        if (isSeconds && rest[1] != '+' && Utf8Parser.TryParse(inside, out double seconds, out _) && seconds is >= 0 and < 1e9)
            head.Microseconds = (long)(seconds * 1e6);
        rest = rest[(end + 1)..];
        TakeCaller(ref rest);
        rest = rest[0] == ' ' ? rest[1..] : rest;
        return true;
    }

    /// <summary><c>[ T1234]</c> or <c>[   C12]</c>: the thread or the processor that printed it.</summary>
    private static void TakeCaller(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)']');
        if (rest.IsEmpty || rest[0] != '[' || end is < 2 or > 16 || end + 1 >= rest.Length || rest[end + 1] != ' ')
            return;
        var inside = rest[1..end].TrimStart((byte)' ');
        if (inside.Length >= 2 && inside[0] is (byte)'T' or (byte)'C' && !inside[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            rest = rest[(end + 1)..];
    }

    /// <summary><c>Feb 19 08:41:22 </c>.</summary>
    private static bool TakeSyslogDate(ref ReadOnlySpan<byte> rest, scoped ref Head head)
    {
        const int Length = 16;
        if (rest.Length < Length || rest[3] != ' ' || rest[6] != ' ' || rest[9] != ':' || rest[12] != ':' || rest[15] != ' '
            || !char.IsAsciiLetterUpper((char)rest[0]) || !char.IsAsciiDigit((char)rest[5]) || !char.IsAsciiDigit((char)rest[14]))
            return false;
        var month = Months.IndexOf(rest[..3]) / 3;
        if (Utf8Parser.TryParse(rest[4..6].TrimStart((byte)' '), out int day, out _) && month >= 0)
            SetTime(ref head, (month * 31) + day, rest[7..15]); // days of months need not be true: only what is near is compared
        rest = rest[Length..];
        return true;
    }

    /// <summary><c>2026-02-19T08:41:22.123456+00:00 </c>; dmesg writes a comma before the fraction, and no host after it.</summary>
    private static bool TakeIsoDate(ref ReadOnlySpan<byte> rest, scoped ref Head head, out bool isDmesg)
    {
        isDmesg = false;
        const int Seconds = 19;
        if (rest.Length < Seconds + 1 || rest[4] != '-' || rest[7] != '-' || rest[10] != 'T' || rest[13] != ':' || rest[16] != ':' || !char.IsAsciiDigit((char)rest[0]))
            return false;
        var end = rest.IndexOf((byte)' ');
        if (end is < Seconds or > 40)
            return false;
        isDmesg = rest[Seconds] == ',';
        if (Utf8Parser.TryParse(rest[..4], out int year, out _) && Utf8Parser.TryParse(rest[5..7], out int month, out _) && Utf8Parser.TryParse(rest[8..10], out int day, out _))
            SetTime(ref head, (year * 372) + (month * 31) + day, rest[11..Seconds]);
        rest = rest[(end + 1)..];
        return true;
    }

    /// <param name="clock"><c>08:41:22</c></param>
    private static void SetTime(scoped ref Head head, long days, ReadOnlySpan<byte> clock)
    {
        if (Utf8Parser.TryParse(clock[..2], out int hours, out _) && Utf8Parser.TryParse(clock[3..5], out int minutes, out _) && Utf8Parser.TryParse(clock[6..], out int seconds, out _))
            head.Microseconds = ((((((days * 24) + hours) * 60) + minutes) * 60) + seconds) * 1_000_000L;
    }

    /// <summary><c>node-07 kernel: [311904.552310] </c>. Whatever has another tag was written by a process.</summary>
    private static ReadOnlySpan<byte> StripHostAndTag(ReadOnlySpan<byte> rest, bool isNeeded, scoped ref Head head)
    {
        var space = rest.IndexOf((byte)' ');
        var after = space < 0 ? default : rest[(space + 1)..];
        if (after.StartsWith("kernel: "u8))
        {
            head.Origin = head.Origin == LogOrigin.Service ? head.Origin : LogOrigin.Kernel;
            after = after["kernel: "u8.Length..];
            TakeBracketedTime(ref after, ref head);
            return after;
        }
        var tag = after.IndexOf((byte)' ') is > 0 and var end ? after[..end] : after;
        var isTag = tag.Length > 1 && tag[^1] == ':';
        if (!isNeeded && !(isTag && tag[^2] == ']' && tag.Contains((byte)'[')))
            return rest;
        head.Origin = LogOrigin.Service;
        if (isTag)
            head.Service = (after.Length, tag.IndexOf((byte)'[') is > 0 and var bracket ? bracket : tag.Length - 1);
        return isTag ? after[Math.Min(after.Length, tag.Length + 1)..] : rest;
    }

    /// <summary>After the version: date, host, application, process, message id, structured data.</summary>
    private static ReadOnlySpan<byte> StripRfc5424(ReadOnlySpan<byte> rest, scoped ref Head head)
    {
        for (var field = 0; field < 6; field++)
        {
            var space = rest.IndexOf((byte)' ');
            if (space < 0 || (field == 5 && rest[0] != '-'))
                return rest;
            if (field == 2 && !rest[..space].SequenceEqual("kernel"u8))
                (head.Origin, head.Service) = (LogOrigin.Service, (rest.Length, space));
            rest = rest[(space + 1)..];
        }
        TakeBracketedTime(ref rest, ref head);
        return rest;
    }
}
