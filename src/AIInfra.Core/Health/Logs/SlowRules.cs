using System.Text.RegularExpressions;

namespace AIInfra.Core.Health.Logs;

/// <summary>Tries patterns on lines that are made to be hard, before a real line is.</summary>
public static class SlowRules
{
    private static readonly string[] Runs = ["a", "0", " ", "a ", "0a", "ab:", "/", "0x", "a, "];

    /// <summary>The rules whose pattern takes longer than 5 ms on one of the lines, twice. Others may still be slow on a line of their own.</summary>
    public static IEnumerable<LogRule> Find(IEnumerable<LogRule> rules) => rules.Where(IsSlow);

    private static bool IsSlow(LogRule rule)
    {
        if (rule.Pattern is null)
            return false;
        var pattern = new Regex(rule.Pattern, PatternRule.Options, PatternRule.Patience);
        foreach (var literal in rule.Literals)
        {
            foreach (var run in Runs.Append(literal))
            {
                var filler = string.Concat(Enumerable.Repeat(run, LogMatcher.LongestText / run.Length));
                if (Hard(literal, filler).Any(line => TakesTooLong(pattern, line)))
                    return true;
            }
        }
        return false;
    }

    /// <summary>The literal before and after a run of the same, and an end that fits no pattern.</summary>
    private static IEnumerable<string> Hard(string literal, string filler) =>
        [$"{literal}{filler}\0", $"{literal} {filler}\0", $"{literal}: {filler}\0", $"{filler}{literal}\0"];

    private static bool TakesTooLong(Regex pattern, string line)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                _ = pattern.IsMatch(line);
                return false;
            }
            catch (RegexMatchTimeoutException)
            {
                // The thread may have been set aside for so long: once more.
            }
        }
        return true;
    }
}
