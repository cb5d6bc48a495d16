using System.Globalization;
using System.Text;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>Reads what stands for one code point: brackets, named classes and escapes.</summary>
internal sealed class Re2ClassParser(string text)
{
    /// <summary><c>[^a-z[:digit:]\pL]</c>, from its bracket on.</summary>
    public RuneSet ReadBrackets(ref int at, bool ignoresCase)
    {
        var begin = at++;
        var isNegated = at < text.Length && text[at] == '^';
        if (isNegated)
            at++;
        var set = RuneSet.Of();
        for (var isFirst = true; ; isFirst = false)
        {
            if (at >= text.Length)
                throw new Re2Exception(begin, "the class that begins here is not closed: a ] is missing");
            if (text[at] == ']' && !isFirst)
                break;
            set = set.Or(ReadPosix(ref at) ?? ReadNamed(ref at, ignoresCase) ?? ReadRange(ref at, begin));
        }
        at++;
        if (ignoresCase)
            set = set.Folded();
        return isNegated ? set.Not() : set;
    }

    /// <summary><c>\d</c>, <c>\pL</c> and their like. Null when none begins here.</summary>
    public RuneSet? ReadNamed(ref int at, bool ignoresCase)
    {
        if (at + 1 >= text.Length || text[at] != '\\')
            return null;
        RuneSet? set = char.ToLowerInvariant(text[at + 1]) switch
        {
            'd' => NamedSets.Digit,
            'w' => NamedSets.Word,
            's' => NamedSets.Space,
            _ => null,
        };
        if (text[at + 1] is 'p' or 'P')
            return ReadProperty(ref at, ignoresCase);
        if (set is null)
            return null;
        var isNegated = char.IsAsciiLetterUpper(text[at + 1]);
        at += 2;
        return isNegated ? set.Not() : set;
    }

    /// <summary>The code point after a backslash: <c>\n</c>, <c>\x{3b}</c>, <c>\.</c></summary>
    public int ReadEscapedRune(ref int at)
    {
        var begin = at;
        at += 2;
        var letter = begin + 1 < text.Length ? text[begin + 1] : '\0';
        switch (letter)
        {
            case 'a':
                return '\a';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'v':
                return '\v';
            case 'x':
                return ReadHexadecimal(ref at, begin);
            case '0':
            case >= '1' and <= '7' when at < text.Length && text[at] is >= '0' and <= '7':
                return ReadOctal(ref at, letter - '0');
            default:
                if (letter is > '\0' and < '\x80' && !char.IsAsciiLetterOrDigit(letter))
                    return letter;
                throw new Re2Exception(begin, $"RE2 knows no escape {text[begin..Math.Min(begin + 2, text.Length)]}");
        }
    }

    /// <summary>One code point that stands for itself.</summary>
    public int ReadRune(ref int at)
    {
        if (Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length) != System.Buffers.OperationStatus.Done)
            throw new Re2Exception(at, "half of a surrogate pair stands here");
        at += length;
        return rune.Value;
    }

    private RuneSet ReadRange(ref int at, int begin)
    {
        var start = at;
        var from = ReadOne(ref at, begin);
        var to = from;
        if (at + 1 < text.Length && text[at] == '-' && text[at + 1] != ']')
        {
            at++;
            to = ReadOne(ref at, begin);
        }
        return to >= from ? RuneSet.Of((from, to)) : throw new Re2Exception(start, $"the range {text[start..at]} ends before it begins");
    }

    private int ReadOne(ref int at, int begin)
    {
        if (at >= text.Length)
            throw new Re2Exception(begin, "the class that begins here is not closed: a ] is missing");
        return text[at] == '\\' ? ReadEscapedRune(ref at) : ReadRune(ref at);
    }

    private RuneSet? ReadPosix(ref int at)
    {
        if (!text.AsSpan(at).StartsWith("[:", StringComparison.Ordinal))
            return null;
        var end = text.IndexOf(":]", at + 2, StringComparison.Ordinal);
        if (end < 0)
            return null;
        var name = text[(at + 2)..end];
        var isNegated = name.StartsWith('^');
        var set = NamedSets.Posix(isNegated ? name[1..] : name) ?? throw new Re2Exception(at, $"there is no class [:{name}:]");
        at = end + 2;
        return isNegated ? set.Not() : set;
    }

    private RuneSet ReadProperty(ref int at, bool ignoresCase)
    {
        var begin = at;
        var isNegated = text[at + 1] == 'P';
        at += 2;
        string name;
        if (at < text.Length && text[at] == '{')
        {
            var end = text.IndexOf('}', at);
            name = end < 0 ? throw new Re2Exception(begin, "the property is not closed: a } is missing") : text[(at + 1)..end];
            at = end + 1;
        }
        else
        {
            name = at < text.Length ? text[at++].ToString() : "";
        }
        if (name.StartsWith('^'))
            (isNegated, name) = (!isNegated, name[1..]);
        var set = RuneSet.Category(name) ?? NamedSets.Script(name)
            ?? throw new Re2Exception(begin, $"the property {name} is not known here; categories as in \\pL and \\p{{Nd}} are, and the scripts {string.Join(", ", NamedSets.Scripts)}");
        if (ignoresCase)
            set = set.Folded();
        return isNegated ? set.Not() : set;
    }

    private int ReadHexadecimal(ref int at, int begin)
    {
        var digits = "";
        if (at < text.Length && text[at] == '{')
        {
            var end = text.IndexOf('}', at);
            digits = end < 0 ? "" : text[(at + 1)..end];
            at = end + 1;
        }
        else if (at + 2 <= text.Length)
        {
            digits = text.Substring(at, 2);
            at += 2;
        }
        return digits.Length is > 0 and <= 8 && digits.All(char.IsAsciiHexDigit)
            && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rune) && rune is >= 0 and <= RuneSet.Last
            ? rune
            : throw new Re2Exception(begin, "\\x takes two hexadecimal digits, or up to 10FFFF in braces");
    }

    private int ReadOctal(ref int at, int value)
    {
        for (var more = 0; more < 2 && at < text.Length && text[at] is >= '0' and <= '7'; more++)
            value = (value * 8) + text[at++] - '0';
        return value;
    }
}
