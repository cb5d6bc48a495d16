using System.Collections.Immutable;
using System.Text;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>What can be said of a pattern without running it.</summary>
internal static class Re2Traits
{
    private const int MostLiterals = 16, LongestLiteral = 64, MostMembers = 4;

    /// <summary>It can match only within the newest line: no line feed is in anything it takes, nothing asks for the beginning of the text
    /// or of a line, and the end of the text is asked of every branch.</summary>
    /// <param name="node">With the end of the text appended.</param>
    public static bool IsOfOneLine(Re2Node node) => node is not Re2Node.Either && !TakesLineFeed(node);

    private static bool TakesLineFeed(Re2Node node) => node switch
    {
        Re2Node.Set set => set.Runes.Contains('\n'),
        Re2Node.Sequence sequence => sequence.Parts.Any(TakesLineFeed),
        Re2Node.Either either => either.Branches.Any(TakesLineFeed),
        Re2Node.Repeat repeat => TakesLineFeed(repeat.What),
        Re2Node.Group group => TakesLineFeed(group.What),
        Re2Node.At place => place.What is Re2Node.Place.TextBegin or Re2Node.Place.LineBegin or Re2Node.Place.LineEnd,
        _ => false,
    };

    /// <summary>Texts of which every match holds one, none with a line feed in it. Empty: nothing can be said.</summary>
    public static ImmutableArray<string> Literals(Re2Node node) => [.. Find(node) ?? []];

    private static IReadOnlyList<string>? Find(Re2Node node) => node switch
    {
        Re2Node.Set => FindInSequence([node]),
        Re2Node.Sequence sequence => FindInSequence(sequence.Parts),
        Re2Node.Group group => Find(group.What),
        Re2Node.Repeat { Least: > 0 } repeat => Find(repeat.What),
        Re2Node.Either either => FindInAll(either.Branches),
        _ => null,
    };

    private static List<string>? FindInAll(ImmutableArray<Re2Node> branches)
    {
        var all = new List<string>();
        foreach (var branch in branches)
        {
            if (Find(branch) is not { } found)
                return null;
            all.AddRange(found);
        }
        return all.Count <= MostLiterals ? all : null;
    }

    /// <summary>The best of all runs of letters and of all parts.</summary>
    private static IReadOnlyList<string>? FindInSequence(ImmutableArray<Re2Node> parts)
    {
        IReadOnlyList<string>? best = null;
        List<string> run = [""];
        foreach (var part in Flat(parts))
        {
            if (part is Re2Node.Set set && Extend(run, set.Runes) is { } longer)
            {
                run = longer;
                continue;
            }
            best = Better(best, run);
            run = part is Re2Node.Set { Runes: var runes } && Extend([""], runes) is { } begun ? begun : [""];
            if (part is not Re2Node.Set)
                best = Better(best, Find(part));
        }
        return Better(best, run);
    }

    private static IEnumerable<Re2Node> Flat(ImmutableArray<Re2Node> parts) => parts.SelectMany(part => part switch
    {
        Re2Node.Sequence sequence => Flat(sequence.Parts),
        Re2Node.Group { What: Re2Node.Sequence sequence } => Flat(sequence.Parts),
        Re2Node.Group { What: Re2Node.Set set } => [set],
        _ => [part],
    });

    private static List<string>? Extend(List<string> run, RuneSet runes)
    {
        if (runes.Ranges.IsEmpty || runes.Count > MostMembers || runes.Count * run.Count > MostLiterals || run[0].Length >= LongestLiteral
            || runes.Members().Any(rune => rune is '\n' or 0xFFFD || !Rune.IsValid(rune)))
            return null;
        return [.. run.SelectMany(text => runes.Members().Select(rune => text + new Rune(rune)))];
    }

    /// <summary>The set whose shortest text is longer; of equals the one with fewer.</summary>
    private static IReadOnlyList<string>? Better(IReadOnlyList<string>? standing, IReadOnlyList<string>? other)
    {
        if (other is null || other.Any(text => text.Length == 0))
            return standing;
        if (standing is null)
            return other;
        var (old, now) = (standing.Min(text => text.Length), other.Min(text => text.Length));
        return now > old || (now == old && other.Count < standing.Count) ? other : standing;
    }
}
