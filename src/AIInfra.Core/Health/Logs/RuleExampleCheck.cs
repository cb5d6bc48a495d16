using System.Text;

namespace AIInfra.Core.Health.Logs;

/// <summary>Tries the examples that a rule carries: lines it must match, and near misses.</summary>
public static class RuleExampleCheck
{
    /// <summary>One sentence for each example that is not as the rule says; each rule for itself alone.</summary>
    public static IEnumerable<string> Find(IEnumerable<LogRule> rules) => rules.Where(rule => rule.Examples is not null).SelectMany(Find);

    private static IEnumerable<string> Find(LogRule rule)
    {
        foreach (var line in rule.Examples!.Matches.Where(line => !IsFound(rule, line, rule.Threshold?.Count ?? 1)))
            yield return $"{rule.Source}: {rule.Id} does not match its example \"{line}\".";
        foreach (var line in rule.Examples.Misses.Where(line => IsFound(rule, line, rule.Threshold?.Count ?? 1)))
            yield return $"{rule.Source}: {rule.Id} matches \"{line}\", which it must not.";
        if (rule.Threshold is { Count: var count })
        {
            foreach (var line in rule.Examples.Matches.Where(line => IsFound(rule, line, count - 1)))
                yield return $"{rule.Source}: {rule.Id} matches \"{line}\" before it was seen {count} times.";
        }
    }

    private static bool IsFound(LogRule rule, string line, int times)
    {
        var matcher = new LogMatcher([], [rule], new SlowPatterns());
        var findings = new List<LogFinding>();
        for (var at = 0; at < times; at++)
            matcher.Match(new LogLine(Encoding.UTF8.GetBytes(line), LogOrigin.Unknown, at) { Microseconds = at }, findings);
        return findings.Count > 0;
    }
}
