using System.Text;
using AIInfra.Core.Metrics;
using FsCheck;
using FsCheck.Fluent;

namespace AIInfra.UnitTests.Metrics;

/// <summary>Names as a broken driver or a hostile user writes them.</summary>
internal static class Hostile
{
    private static readonly string[] Pieces =
        ["\"", "\\", "\n", "\\n", "\"}", "} 1\n", "# HELP x", "{a=\"", "\0", "\r", "\u2028", "\u202e", "昇", "😀", "\ud800", "\udc00", "x", " ", "\u0085"];

    public static Gen<string> Text =>
        from pieces in Gen.OneOf(Gen.Elements(Pieces), ArbMap.Default.GeneratorFor<char>().Select(letter => letter.ToString())).ListOf()
        select string.Concat(pieces);

    /// <summary>What is left of a text on the page.</summary>
    public static string Printable(string text) =>
        string.Concat(text.EnumerateRunes().Take(LabelSet.ValueLength)
            .Select(rune => Rune.IsControl(rune) && rune.Value != '\n' ? "\ufffd" : rune.ToString()));
}
