using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace AIInfra.Core.Health.Npd.Patterns;

/// <summary>A pattern of RE2 for .NET, with the end of the text appended as node-problem-detector appends it: as two more letters,
/// so that of <c>a|b</c> only the last branch must end there.</summary>
public sealed class Re2Pattern
{
    private const int LongestPattern = 2000;
    private const RegexOptions Options = RegexOptions.CultureInvariant;

    private Re2Pattern(string text, Re2Node node)
    {
        Text = text;
        Exact = Re2Writer.Write(node, Re2Writer.Form.Exact);
        Linear = Re2Writer.Write(node, Re2Writer.Form.Linear);
        IsOfOneLine = Re2Traits.IsOfOneLine(node);
        Literals = Re2Traits.Literals(node);
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }
    /// <summary>For .NET, to be run with backtracking.</summary>
    public string Exact { get; }
    /// <summary>For .NET, without backtracking; the same but for <c>\b</c> beside letters outside ASCII.</summary>
    public string Linear { get; }
    /// <summary>Whether the newest line alone decides.</summary>
    public bool IsOfOneLine { get; }
    /// <summary>Texts of which every match holds one; empty: nothing can be said, and each line must be tried.</summary>
    public ImmutableArray<string> Literals { get; }

    /// <exception cref="Re2Exception">It is no pattern of RE2, or too long.</exception>
    public static Re2Pattern EndingAtEnd(string text)
    {
        Check(text);
        return new Re2Pattern(text, Re2Parser.Parse(text + @"\z"));
    }

    /// <summary>The same without anything appended, whose groups capture in the order in which they begin.</summary>
    /// <exception cref="Re2Exception">It is no pattern of RE2, or too long.</exception>
    public static Regex Capturing(string text, TimeSpan patience) =>
        Build(Re2Writer.Write(Check(text), Re2Writer.Form.Capturing), patience);

    internal static Regex Build(string pattern, TimeSpan patience) => new(pattern, Options, patience);

    private static Re2Node Check(string text) => text.Length <= LongestPattern
        ? Re2Parser.Parse(text)
        : throw new Re2Exception(LongestPattern, $"it has {text.Length} characters; it may have {LongestPattern}");
}
