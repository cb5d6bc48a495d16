using System.Collections.Immutable;
using System.Globalization;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>Reads the syntax of RE2 as Go's regexp package takes it.</summary>
/// <remarks>Source: github.com/google/re2/wiki/Syntax and the documentation of regexp/syntax.</remarks>
internal sealed class Re2Parser
{
    private const int MostRepeats = 1000, DeepestNesting = 200;

    private readonly string _text;
    private readonly Re2ClassParser _classes;
    private int _at, _depth;
    private Flags _flags;

    /// <summary>The switches <c>i</c>, <c>m</c>, <c>s</c> and <c>U</c>.</summary>
    internal readonly record struct Flags(bool IgnoresCase, bool IsMultiline, bool DotIsAll, bool IsUngreedy);

    private Re2Parser(string text)
    {
        _text = text;
        _classes = new Re2ClassParser(text);
    }

    /// <exception cref="Re2Exception">It is no pattern.</exception>
    public static Re2Node Parse(string text)
    {
        var parser = new Re2Parser(text);
        var node = parser.ReadEither();
        return parser._at == text.Length ? node : throw new Re2Exception(parser._at, "unexpected )");
    }

    private Re2Node ReadEither()
    {
        if (++_depth > DeepestNesting)
            throw new Re2Exception(_at, $"groups are nested more than {DeepestNesting} deep");
        var branches = ImmutableArray.CreateBuilder<Re2Node>();
        branches.Add(ReadSequence());
        while (Takes('|'))
            branches.Add(ReadSequence());
        _depth--;
        return branches.Count == 1 ? branches[0] : new Re2Node.Either(branches.ToImmutable());
    }

    private Re2Node ReadSequence()
    {
        var parts = ImmutableArray.CreateBuilder<Re2Node>();
        while (_at < _text.Length && _text[_at] is not ('|' or ')'))
        {
            if (ReadRepeat(parts))
                continue;
            ReadAtom(parts);
        }
        return parts.Count == 1 ? parts[0] : new Re2Node.Sequence(parts.ToImmutable());
    }

    /// <summary>A repetition of what was read last. False when none begins here.</summary>
    private bool ReadRepeat(ImmutableArray<Re2Node>.Builder parts)
    {
        var begin = _at;
        if (Bounds() is not var (least, most))
            return false;
        if (parts.Count == 0)
            throw new Re2Exception(begin, $"nothing before {_text[begin.._at]} to repeat");
        if (least > MostRepeats || most > MostRepeats || most < least)
            throw new Re2Exception(begin, $"{_text[begin.._at]} is no count of repetitions; the most is {MostRepeats}");
        var isGreedy = !Takes('?') ^ _flags.IsUngreedy;
        var next = _at;
        if (Bounds() is not null)
            throw new Re2Exception(next, $"{_text[begin.._at]} repeats a repetition; put a group around it");
        var repeat = new Re2Node.Repeat(parts[^1], least, most, isGreedy);
        if (Size(repeat) > MostRepeats)
            throw new Re2Exception(begin, $"nested repetitions multiply to more than {MostRepeats}");
        parts[^1] = repeat;
        return true;
    }

    private (int Least, int? Most)? Bounds()
    {
        if (_at >= _text.Length)
            return null;
        switch (_text[_at])
        {
            case '*':
                _at++;
                return (0, null);
            case '+':
                _at++;
                return (1, null);
            case '?':
                _at++;
                return (0, 1);
            case '{':
                return Braces();
            default:
                return null;
        }
    }

    /// <summary><c>{2}</c>, <c>{2,}</c> or <c>{2,5}</c>; anything else in braces is text.</summary>
    private (int Least, int? Most)? Braces()
    {
        var end = _text.IndexOf('}', _at);
        var inside = end < 0 ? [] : _text[(_at + 1)..end].Split(',');
        if (inside.Length is not (1 or 2) || Number(inside[0]) is not { } least)
            return null;
        int? most = inside is [_] ? least : inside[1].Length == 0 ? null : Number(inside[1]) ?? -1;
        if (most == -1)
            return null;
        _at = end + 1;
        return (least, most);
    }

    private static int? Number(string text)
    {
        if (text.Length == 0 || !text.All(char.IsAsciiDigit) || (text.Length > 1 && text[0] == '0'))
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : MostRepeats + 1;
    }

    private static long Size(Re2Node node) => node switch
    {
        Re2Node.Repeat { What: var what, Least: var least, Most: var most } => Math.Max(1, Math.Max(least, most ?? least)) * Size(what),
        Re2Node.Group { What: var what } => Size(what),
        Re2Node.Sequence { Parts: { IsEmpty: false } parts } => parts.Max(Size),
        Re2Node.Either { Branches: var branches } => branches.Max(Size),
        _ => 1,
    };

    private void ReadAtom(ImmutableArray<Re2Node>.Builder parts)
    {
        switch (_text[_at])
        {
            case '(':
                ReadGroup(parts);
                break;
            case '[':
                parts.Add(Set(_classes.ReadBrackets(ref _at, _flags.IgnoresCase)));
                break;
            case '.':
                _at++;
                parts.Add(Set(_flags.DotIsAll ? NamedSets.All : NamedSets.NotLineFeed));
                break;
            case '^':
                _at++;
                parts.Add(new Re2Node.At(_flags.IsMultiline ? Re2Node.Place.LineBegin : Re2Node.Place.TextBegin));
                break;
            case '$':
                _at++;
                parts.Add(new Re2Node.At(_flags.IsMultiline ? Re2Node.Place.LineEnd : Re2Node.Place.TextEnd));
                break;
            case '\\':
                ReadEscape(parts);
                break;
            default:
                parts.Add(Letter(_classes.ReadRune(ref _at)));
                break;
        }
    }

    private void ReadGroup(ImmutableArray<Re2Node>.Builder parts)
    {
        var begin = _at++;
        var before = _flags;
        var isCapturing = true;
        if (Takes('?'))
        {
            isCapturing = ReadName(begin);
            if (!isCapturing && !ReadSwitches(begin))
                return; // (?i): for the rest of the group around it
        }
        var what = ReadEither();
        if (!Takes(')'))
            throw new Re2Exception(begin, "the group that begins here is not closed: a ) is missing");
        _flags = before;
        parts.Add(isCapturing ? new Re2Node.Group(what) : what is Re2Node.Sequence or Re2Node.Either ? new Re2Node.Sequence([what]) : what);
    }

    private bool ReadName(int begin)
    {
        var start = _text.AsSpan(_at).StartsWith("P<", StringComparison.Ordinal) ? _at + 2
            : _at < _text.Length && _text[_at] == '<' && (_at + 1 >= _text.Length || _text[_at + 1] is not ('=' or '!')) ? _at + 1 : -1;
        if (start < 0)
            return false;
        var end = _text.IndexOf('>', start);
        if (end <= start || !_text[start..end].All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
            throw new Re2Exception(begin, "the name of the group is not closed or holds more than letters, digits and _");
        _at = end + 1;
        return true;
    }

    /// <returns>True when a group follows, false when the switches stand alone.</returns>
    private bool ReadSwitches(int begin)
    {
        var (isOn, any) = (true, false);
        for (; _at < _text.Length; _at++)
        {
            switch (_text[_at])
            {
                case 'i':
                    _flags = _flags with { IgnoresCase = isOn };
                    break;
                case 'm':
                    _flags = _flags with { IsMultiline = isOn };
                    break;
                case 's':
                    _flags = _flags with { DotIsAll = isOn };
                    break;
                case 'U':
                    _flags = _flags with { IsUngreedy = isOn };
                    break;
                case '-' when isOn:
                    (isOn, any) = (false, false);
                    continue;
                case ':' or ')' when any || isOn:
                    return _text[_at++] == ':';
                default:
                    throw new Re2Exception(begin, "RE2 has no group that begins like this: neither look-around nor atomic or conditional groups");
            }
            any = true;
        }
        throw new Re2Exception(begin, "the group that begins here is not closed: a ) is missing");
    }

    private void ReadEscape(ImmutableArray<Re2Node>.Builder parts)
    {
        if (_at + 1 >= _text.Length)
            throw new Re2Exception(_at, "a backslash stands at the end");
        Re2Node.Place? place = _text[_at + 1] switch
        {
            'A' => Re2Node.Place.TextBegin,
            'z' => Re2Node.Place.TextEnd,
            'b' => Re2Node.Place.WordBoundary,
            'B' => Re2Node.Place.NoWordBoundary,
            _ => null,
        };
        if (place is { } there)
        {
            _at += 2;
            parts.Add(new Re2Node.At(there));
        }
        else if (_text[_at + 1] == 'Q')
        {
            ReadQuoted(parts);
        }
        else if (_classes.ReadNamed(ref _at, _flags.IgnoresCase) is { } set)
        {
            parts.Add(Set(set));
        }
        else
        {
            parts.Add(Letter(_classes.ReadEscapedRune(ref _at)));
        }
    }

    /// <summary>Everything up to <c>\E</c>, or to the end, as it stands.</summary>
    private void ReadQuoted(ImmutableArray<Re2Node>.Builder parts)
    {
        var end = _text.IndexOf(@"\E", _at + 2, StringComparison.Ordinal);
        foreach (var rune in _text[(_at + 2)..(end < 0 ? _text.Length : end)].EnumerateRunes())
            parts.Add(Letter(rune.Value));
        _at = end < 0 ? _text.Length : end + 2;
    }

    private Re2Node.Set Letter(int rune) => Set(_flags.IgnoresCase ? RuneSet.Single(rune).Folded() : RuneSet.Single(rune));

    private static Re2Node.Set Set(RuneSet runes) => new(runes);

    private bool Takes(char letter)
    {
        if (_at >= _text.Length || _text[_at] != letter)
            return false;
        _at++;
        return true;
    }
}
