using System.Collections.Immutable;
using System.Globalization;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>A layout of Go's time package: the reference time <c>Mon Jan 2 15:04:05 2006 -0700</c> as the log writes it.</summary>
/// <remarks>Source: the documentation of time.Parse and of the constants beside it.</remarks>
internal sealed class GoTimeLayout
{
    /// <summary>Longest first where one begins like another.</summary>
    private static readonly string[] Words =
    [
        "January", "Jan", "Monday", "Mon", "MST", "2006", "__2", "_2", "002", "01", "02", "03", "04", "05", "06", "15", "PM", "pm",
        "-07:00:00", "-070000", "-07:00", "-0700", "-07", "Z07:00:00", "Z070000", "Z07:00", "Z0700", "Z07", "1", "2", "3", "4", "5",
    ];
    private static readonly DateTimeFormatInfo Names = CultureInfo.InvariantCulture.DateTimeFormat;

    private readonly ImmutableArray<(bool IsWord, string Text)> _parts;

    public GoTimeLayout(string layout)
    {
        var parts = ImmutableArray.CreateBuilder<(bool, string)>();
        for (var at = 0; at < layout.Length;)
        {
            var word = layout[at] == '_' && string.CompareOrdinal(layout, at, "_2006", 0, 5) == 0 ? null : WordAt(layout, at);
            if (word is not null)
                parts.Add((true, word));
            else if (parts.Count > 0 && !parts[^1].Item1)
                parts[^1] = (false, parts[^1].Item2 + layout[at]);
            else
                parts.Add((false, layout[at].ToString()));
            at += word?.Length ?? 1;
        }
        _parts = parts.ToImmutable();
    }

    /// <summary>The time in a text; null when it is not of this form. Without a year it is the last one of that date that is at most a day ahead;
    /// without a zone it is the host's.</summary>
    public DateTimeOffset? Parse(string text, DateTimeOffset now, TimeZoneInfo local)
    {
        var fields = new Fields();
        var rest = text.AsSpan();
        for (var at = 0; at < _parts.Length; at++)
        {
            var (isWord, part) = _parts[at];
            if (!(isWord ? Take(part, ref rest, ref fields, IsFraction(at + 1)) : TakeText(part, ref rest)))
                return null;
        }
        return rest.IsEmpty ? fields.ToTime(now, local) : null;
    }

    private bool IsFraction(int at) => at < _parts.Length && _parts[at] is (true, ['.' or ',', ..]);

    private static string? WordAt(string layout, int at)
    {
        if (layout[at] is '.' or ',' && at + 1 < layout.Length && layout[at + 1] is '0' or '9')
        {
            var end = at + 1;
            while (end < layout.Length && layout[end] == layout[at + 1])
                end++;
            return end < layout.Length && char.IsAsciiDigit(layout[end]) ? null : layout[at..end];
        }
        var word = Words.FirstOrDefault(word => string.CompareOrdinal(layout, at, word, 0, word.Length) == 0);
        var next = at + (word?.Length ?? 0);
        return word is "Jan" or "Mon" && next < layout.Length && char.IsAsciiLetterLower(layout[next]) ? null : word;
    }

    private static bool Take(string word, ref ReadOnlySpan<char> rest, ref Fields fields, bool isFractionNext)
    {
        switch (word)
        {
            case "2006":
                return Number(ref rest, 4, 4, 0, 9999, out fields.Year);
            case "06":
                var isShort = Number(ref rest, 2, 2, 0, 99, out var two);
                fields.Year = two >= 69 ? 1900 + two : 2000 + two;
                return isShort;
            case "January":
                return Name(Names.MonthNames, ref rest, out fields.Month);
            case "Jan":
                return Name(Names.AbbreviatedMonthNames, ref rest, out fields.Month);
            case "Monday":
                return Name(Names.DayNames, ref rest, out _);
            case "Mon":
                return Name(Names.AbbreviatedDayNames, ref rest, out _);
            case "01" or "1":
                return Number(ref rest, word.Length, 2, 1, 12, out fields.Month);
            case "_2" or "__2" or "2" or "02":
                rest = word[0] == '_' ? rest.TrimStart(' ') : rest;
                return Number(ref rest, word == "02" ? 2 : 1, word == "__2" ? 3 : 2, 1, 366, out word == "__2" ? ref fields.DayOfYear : ref fields.Day);
            case "002":
                return Number(ref rest, 3, 3, 1, 366, out fields.DayOfYear);
            case "15" or "03" or "3":
                return Number(ref rest, word == "03" ? 2 : 1, 2, 0, word == "15" ? 23 : 12, out fields.Hour);
            case "PM" or "pm":
                fields.IsAfternoon = rest.StartsWith("PM", StringComparison.OrdinalIgnoreCase);
                var hasHalf = fields.IsAfternoon.Value || rest.StartsWith("AM", StringComparison.OrdinalIgnoreCase);
                rest = hasHalf ? rest[2..] : rest;
                return hasHalf;
            case "04" or "4":
                return Number(ref rest, word.Length, 2, 0, 59, out fields.Minute);
            case "05" or "5":
                return Number(ref rest, word.Length, 2, 0, 59, out fields.Second)
                    && (isFractionNext || rest is not ['.' or ',', >= '0' and <= '9', ..] || Fraction(ref rest, ref fields, 0));
            case "MST":
                return Zone(ref rest, ref fields);
            case ['.' or ',', '0', ..]:
                return rest is ['.' or ',', >= '0' and <= '9', ..] && Fraction(ref rest, ref fields, word.Length - 1);
            case ['.' or ',', ..]:
                return rest is not ['.' or ',', >= '0' and <= '9', ..] || Fraction(ref rest, ref fields, 0);
            default:
                return Offset(word, ref rest, ref fields);
        }
    }

    /// <summary>Runs of blanks are equal to each other.</summary>
    private static bool TakeText(string text, ref ReadOnlySpan<char> rest)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == ' ')
            {
                if (!rest.IsEmpty && rest[0] != ' ')
                    return false;
                rest = rest.TrimStart(' ');
                while (at + 1 < text.Length && text[at + 1] == ' ')
                    at++;
                continue;
            }
            if (rest.IsEmpty || rest[0] != text[at])
                return false;
            rest = rest[1..];
        }
        return true;
    }

    private static bool Number(ref ReadOnlySpan<char> rest, int least, int most, int from, int to, out int number)
    {
        var length = 0;
        while (length < most && length < rest.Length && char.IsAsciiDigit(rest[length]))
            length++;
        number = 0;
        if (length < least)
            return false;
        number = int.Parse(rest[..length], NumberStyles.None, CultureInfo.InvariantCulture);
        rest = rest[length..];
        return number >= from && number <= to;
    }

    private static bool Name(string[] names, ref ReadOnlySpan<char> rest, out int number)
    {
        for (number = 1; number <= names.Length; number++)
        {
            var name = names[number - 1];
            if (name.Length == 0 || !rest.StartsWith(name, StringComparison.OrdinalIgnoreCase))
                continue;
            rest = rest[name.Length..];
            return true;
        }
        return false;
    }

    /// <param name="exactly">So many digits; 0: as many as there are.</param>
    private static bool Fraction(ref ReadOnlySpan<char> rest, ref Fields fields, int exactly)
    {
        var end = 1;
        while (end < rest.Length && char.IsAsciiDigit(rest[end]) && (exactly == 0 || end <= exactly))
            end++;
        if (exactly > 0 && end != exactly + 1)
            return false;
        fields.Fraction = double.Parse(string.Concat("0.", rest[1..end]), CultureInfo.InvariantCulture);
        rest = rest[end..];
        return true;
    }

    private static bool Zone(ref ReadOnlySpan<char> rest, ref Fields fields)
    {
        var length = 0;
        while (length < rest.Length && length < 5 && char.IsAsciiLetterUpper(rest[length]))
            length++;
        if (length < 3)
            return false;
        if (rest[..length] is "UTC" or "GMT")
            fields.Offset = TimeSpan.Zero;
        rest = rest[length..];
        return true;
    }

    private static bool Offset(string word, ref ReadOnlySpan<char> rest, ref Fields fields)
    {
        if (word[0] == 'Z' && rest is ['Z', ..])
        {
            fields.Offset = TimeSpan.Zero;
            rest = rest[1..];
            return true;
        }
        if (rest.Length < word.Length || rest[0] is not ('+' or '-'))
            return false;
        var sign = rest[0] == '-' ? -1 : 1;
        rest = rest[1..];
        var hasColon = word.Contains(':');
        var seconds = 0;
        for (var (at, unit) = (1, 3600); at < word.Length; at += hasColon ? 3 : 2, unit /= 60)
        {
            if (at > 1 && hasColon && !TakeText(":", ref rest))
                return false;
            if (!Number(ref rest, 2, 2, 0, 59, out var part))
                return false;
            seconds += part * unit;
        }
        fields.Offset = TimeSpan.FromMinutes(sign * seconds / 60); // .NET knows no seconds in an offset
        return seconds < 14 * 3600;
    }

    private struct Fields
    {
        public int Year, Month, Day, DayOfYear, Hour, Minute, Second;
        public double Fraction;
        public bool? IsAfternoon;
        public TimeSpan? Offset;

        public readonly DateTimeOffset? ToTime(DateTimeOffset now, TimeZoneInfo local)
        {
            if (Year > 0)
                return InYear(Year, local);
            var year = TimeZoneInfo.ConvertTime(now, local).Year;
            return InYear(year, local) is not { } time ? InYear(year - 1, local) // 29 February
                : time > now + TimeSpan.FromDays(1) ? InYear(year - 1, local)
                : time;
        }

        private readonly DateTimeOffset? InYear(int year, TimeZoneInfo local)
        {
            var (month, day) = (Math.Max(Month, 1), Math.Max(Day, 1));
            if (year < 1 || day > DateTime.DaysInMonth(year, month) || DayOfYear > (DateTime.IsLeapYear(year) ? 366 : 365))
                return null;
            var hour = IsAfternoon switch { true when Hour < 12 => Hour + 12, false when Hour == 12 => 0, _ => Hour };
            var date = DayOfYear > 0 ? new DateTime(year, 1, 1).AddDays(DayOfYear - 1) : new DateTime(year, month, day);
            var moment = date.AddHours(hour).AddMinutes(Minute).AddSeconds(Second).AddTicks((long)(Fraction * TimeSpan.TicksPerSecond));
            return new DateTimeOffset(moment, Offset ?? local.GetUtcOffset(moment));
        }
    }
}
