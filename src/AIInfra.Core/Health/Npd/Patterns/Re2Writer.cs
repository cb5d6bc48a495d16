using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>Writes a pattern of RE2 as one of .NET that needs no options.</summary>
/// <remarks>.NET counts UTF-16 units: a code point above U+FFFF is written as the two that stand for it.</remarks>
internal sealed class Re2Writer(Re2Writer.Form form)
{
    private const int FirstAbove = 0x10000, FirstSurrogate = 0xD800, LastSurrogate = 0xDFFF;

    /// <summary>How word boundaries and groups are written.</summary>
    internal enum Form
    {
        /// <summary>Exact; needs look-around, so it cannot run without backtracking. Groups do not capture.</summary>
        Exact,
        /// <summary>Runs without backtracking; <c>\b</c> takes letters of every script for letters.</summary>
        Linear,
        /// <summary>As <see cref="Exact"/>, and groups capture in the order in which they begin.</summary>
        Capturing,
    }

    private readonly StringBuilder _text = new();

    public static string Write(Re2Node node, Form form)
    {
        var writer = new Re2Writer(form);
        writer.Add(node);
        return writer._text.ToString();
    }

    private void Add(Re2Node node)
    {
        switch (node)
        {
            case Re2Node.Set set:
                Add(set.Runes, isEndless: false);
                break;
            case Re2Node.Sequence sequence:
                foreach (var part in sequence.Parts)
                    AddPart(part);
                break;
            case Re2Node.Either either:
                for (var at = 0; at < either.Branches.Length; at++)
                {
                    _text.Append(at == 0 ? "" : "|");
                    Add(either.Branches[at]);
                }
                break;
            case Re2Node.Group group:
                _text.Append(form == Form.Capturing ? "(" : "(?:");
                Add(group.What);
                _text.Append(')');
                break;
            case Re2Node.Repeat repeat:
                AddRepeat(repeat);
                break;
            case Re2Node.At place:
                _text.Append(Place(place.What));
                break;
        }
    }

    private void AddPart(Re2Node part)
    {
        if (part is not Re2Node.Either)
        {
            Add(part);
            return;
        }
        _text.Append("(?:");
        Add(part);
        _text.Append(')');
    }

    private void AddRepeat(Re2Node.Repeat repeat)
    {
        if (repeat is { What: Re2Node.Set set, Most: null })
        {
            Add(set.Runes, isEndless: true);
        }
        else
        {
            _text.Append("(?:");
            Add(repeat.What);
            _text.Append(')');
        }
        _text.Append((repeat.Least, repeat.Most) switch
        {
            (0, null) => "*",
            (1, null) => "+",
            (0, 1) => "?",
            (var least, null) => string.Create(CultureInfo.InvariantCulture, $"{{{least},}}"),
            var (least, most) => string.Create(CultureInfo.InvariantCulture, $"{{{least},{most}}}"),
        });
        if (!repeat.IsGreedy)
            _text.Append('?');
    }

    private string Place(Re2Node.Place place) => place switch
    {
        Re2Node.Place.TextBegin => @"\A",
        Re2Node.Place.TextEnd => @"\z",
        Re2Node.Place.LineBegin => "(?m:^)",
        Re2Node.Place.LineEnd => "(?m:$)",
        Re2Node.Place.WordBoundary => form == Form.Linear ? @"\b" : "(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))",
        _ => form == Form.Linear ? @"\B" : "(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))",
    };

    /// <param name="isEndless">It may repeat without end: then both halves of a pair may be taken one by one.</param>
    private void Add(RuneSet set, bool isEndless)
    {
        var low = set.Ranges.Where(range => range.From < FirstAbove).Select(range => (range.From, To: Math.Min(range.To, FirstAbove - 1))).ToList();
        var high = set.Ranges.Where(range => range.To >= FirstAbove).Select(range => (From: Math.Max(range.From, FirstAbove), range.To)).ToImmutableArray();
        if (high is [(FirstAbove, RuneSet.Last)] && isEndless)
        {
            AddUnits([.. low, (FirstSurrogate, LastSurrogate)]);
            return;
        }
        low = [.. low.SelectMany(WithoutSurrogates)];
        if (high.IsEmpty && !(low.Count == 0 && isEndless))
        {
            AddUnits(low);
            return;
        }
        _text.Append("(?:");
        var isFirst = true;
        if (low.Count > 0)
        {
            AddUnits(low);
            isFirst = false;
        }
        foreach (var (lead, from, to) in high.SelectMany(Pairs))
        {
            _text.Append(isFirst ? "" : "|");
            AddUnits([lead]);
            AddUnits([(from, to)]);
            isFirst = false;
        }
        if (isFirst)
            _text.Append("[^\\s\\S]");
        _text.Append(')');
    }

    private static IEnumerable<(int From, int To)> WithoutSurrogates((int From, int To) range)
    {
        if (range.From < FirstSurrogate)
            yield return (range.From, Math.Min(range.To, FirstSurrogate - 1));
        if (range.To > LastSurrogate)
            yield return (Math.Max(range.From, LastSurrogate + 1), range.To);
    }

    /// <summary>The pairs of a range above U+FFFF: whole rows together, the rows at its ends apart.</summary>
    private static IEnumerable<((int From, int To) Lead, int From, int To)> Pairs((int From, int To) range)
    {
        var (first, last) = (Lead(range.From), Lead(range.To));
        if (first == last)
        {
            yield return ((first, first), Trail(range.From), Trail(range.To));
            yield break;
        }
        if (Trail(range.From) != 0xDC00)
        {
            yield return ((first, first), Trail(range.From), LastSurrogate);
            first++;
        }
        var end = Trail(range.To) == LastSurrogate ? last : last - 1;
        if (first <= end)
            yield return ((first, end), 0xDC00, LastSurrogate);
        if (end < last)
            yield return ((last, last), 0xDC00, Trail(range.To));

        static int Lead(int rune) => FirstSurrogate + ((rune - FirstAbove) >> 10);
        static int Trail(int rune) => 0xDC00 + ((rune - FirstAbove) & 0x3FF);
    }

    private void AddUnits(List<(int From, int To)> ranges)
    {
        if (ranges is [var (from, to)] && from == to)
        {
            AddUnit(from);
            return;
        }
        if (ranges.Count == 0)
        {
            _text.Append("[^\\s\\S]"); // nothing at all
            return;
        }
        _text.Append('[');
        foreach (var (first, last) in ranges)
        {
            AddUnit(first);
            if (last > first)
                _text.Append('-');
            if (last > first)
                AddUnit(last);
        }
        _text.Append(']');
    }

    private void AddUnit(int unit)
    {
        if (unit < 0x80 && char.IsAsciiLetterOrDigit((char)unit))
            _text.Append((char)unit);
        else
            _text.Append(CultureInfo.InvariantCulture, $"\\u{unit:X4}");
    }
}
