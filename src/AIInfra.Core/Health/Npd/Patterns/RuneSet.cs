using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>A set of Unicode code points as ranges, in order and apart from each other. Immutable.</summary>
internal sealed class RuneSet
{
    public const int Last = 0x10FFFF;
    private const int LargestFold = 0x3000; // code points; larger ranges hold both cases of what matters already

    /// <summary>Letters that Unicode folds onto one of ASCII or Latin-1, beside the two cases of it.</summary>
    private static readonly (int Letter, int Other)[] ExtraFolds = [('k', 0x212A), ('K', 0x212A), ('s', 0x17F), ('S', 0x17F), (0xE5, 0x212B), (0xC5, 0x212B), (0xB5, 0x3BC), (0x3C3, 0x3C2)];

    /// <summary>In the order of <see cref="UnicodeCategory"/>. What is not assigned is in no category that RE2 knows.</summary>
    private static readonly string[] Abbreviations =
        ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "?"];

    private RuneSet(ImmutableArray<(int From, int To)> ranges) => Ranges = ranges;

    public ImmutableArray<(int From, int To)> Ranges { get; }

    public static RuneSet Of(params ReadOnlySpan<(int From, int To)> ranges) => new(Normal([.. ranges]));

    public static RuneSet Single(int rune) => new([(rune, rune)]);

    public int Count => Ranges.Sum(range => range.To - range.From + 1);

    public bool Contains(int rune) => Ranges.Any(range => rune >= range.From && rune <= range.To);

    public RuneSet Or(RuneSet other) => new(Normal([.. Ranges, .. other.Ranges]));

    public RuneSet Not()
    {
        var rest = ImmutableArray.CreateBuilder<(int, int)>();
        var from = 0;
        foreach (var range in Ranges)
        {
            if (range.From > from)
                rest.Add((from, range.From - 1));
            from = range.To + 1;
        }
        if (from <= Last)
            rest.Add((from, Last));
        return new RuneSet(rest.ToImmutable());
    }

    /// <summary>The members, where there are few.</summary>
    public IEnumerable<int> Members() => Ranges.SelectMany(range => Enumerable.Range(range.From, range.To - range.From + 1));

    /// <summary>The same with the other cases of every letter in it.</summary>
    public RuneSet Folded()
    {
        var all = Ranges.ToList();
        foreach (var (from, to) in Ranges.Where(range => range.To - range.From <= LargestFold))
        {
            for (var rune = from; rune <= to; rune++)
            {
                if (Rune.IsValid(rune))
                    all.AddRange(Fold(rune).Select(other => (other, other)));
            }
        }
        return new RuneSet(Normal(all));
    }

    /// <summary>Every code point of a general category: <c>L</c>, <c>Nd</c>; of all of them for <c>Any</c>. Null: there is none of that name.</summary>
    public static RuneSet? Category(string name)
    {
        if (name == "Any")
            return new RuneSet([(0, Last)]);
        var wanted = Enum.GetValues<UnicodeCategory>().Where(category => Abbreviations[(int)category].StartsWith(name, StringComparison.Ordinal)).ToHashSet();
        if (wanted.Count == 0 || name.Length is 0 or > 2)
            return null;
        var ranges = new List<(int, int)>();
        for (var rune = 0; rune <= Last; rune++)
        {
            if (wanted.Contains(CharUnicodeInfo.GetUnicodeCategory(rune)))
                ranges.Add((rune, rune));
        }
        return new RuneSet(Normal(ranges));
    }

    private static IEnumerable<int> Fold(int rune)
    {
        var one = new Rune(rune);
        yield return Rune.ToUpperInvariant(one).Value;
        yield return Rune.ToLowerInvariant(one).Value;
        foreach (var (letter, other) in ExtraFolds)
        {
            if (letter == rune)
                yield return other;
            if (other == rune)
                yield return letter;
        }
    }

    private static ImmutableArray<(int From, int To)> Normal(List<(int From, int To)> ranges)
    {
        ranges.Sort();
        var merged = ImmutableArray.CreateBuilder<(int From, int To)>();
        foreach (var (from, to) in ranges)
        {
            if (merged.Count > 0 && from <= merged[^1].To + 1)
                merged[^1] = (merged[^1].From, Math.Max(merged[^1].To, to));
            else
                merged.Add((from, to));
        }
        return merged.ToImmutable();
    }
}
