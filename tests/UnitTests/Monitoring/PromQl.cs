using System.Text.RegularExpressions;

namespace AIInfra.UnitTests.Monitoring;

/// <summary>Finds the metric names in a PromQL expression. What it is given has been read by promtool; this only tells names from the rest.</summary>
internal static partial class PromQl
{
    private static readonly HashSet<string> Words =
        ["on", "ignoring", "by", "without", "group_left", "group_right", "and", "or", "unless", "bool", "offset", "inf", "nan"];

    public static IReadOnlyList<string> Families(string expression)
    {
        var text = Quoted().Replace(expression, "\"\"");
        text = Matchers().Replace(text, "");
        text = LabelLists().Replace(text, "");
        text = Ranges().Replace(text, "");
        return [.. Names().Matches(text).Select(match => match.Value).Where(name => !Words.Contains(name.ToLowerInvariant())).Distinct()];
    }

    [GeneratedRegex(@"'(?:[^'\\]|\\.)*'|""(?:[^""\\]|\\.)*""")]
    private static partial Regex Quoted();
    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Matchers();
    [GeneratedRegex(@"\b(on|ignoring|by|without|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex LabelLists();
    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Ranges();
    [GeneratedRegex(@"(?<![\w:.$])[a-zA-Z_][\w:]*\b(?!\s*\()")]
    private static partial Regex Names();
}
