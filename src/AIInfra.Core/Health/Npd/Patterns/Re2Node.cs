using System.Collections.Immutable;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>A pattern as RE2 understands it.</summary>
internal abstract record Re2Node
{
    /// <summary>One code point out of a set; a letter that must be exactly itself is a set of one.</summary>
    public sealed record Set(RuneSet Runes) : Re2Node;

    public sealed record Sequence(ImmutableArray<Re2Node> Parts) : Re2Node;

    public sealed record Either(ImmutableArray<Re2Node> Branches) : Re2Node;

    /// <param name="Most">Null: without end.</param>
    public sealed record Repeat(Re2Node What, int Least, int? Most, bool IsGreedy) : Re2Node;

    public sealed record Group(Re2Node What) : Re2Node;

    public sealed record At(Place What) : Re2Node;

    public static Re2Node Nothing { get; } = new Sequence([]);

    public enum Place { TextBegin, TextEnd, LineBegin, LineEnd, WordBoundary, NoWordBoundary }
}

/// <summary>The text is no pattern of RE2.</summary>
/// <param name="position">Where in the pattern, from 0.</param>
public sealed class Re2Exception(int position, string message) : Exception(message)
{
    public int Position { get; } = position;
}
