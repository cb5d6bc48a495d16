using System.Text.RegularExpressions;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>The pattern of one rule, built when a line first holds one of its literals. For one thread.</summary>
/// <remarks>As every pattern here it may take 5 ms; one that takes longer twice on the same text runs without backtracking from then on.</remarks>
internal sealed class NpdRegex(NpdLogRule rule, SlowPatterns slow)
{
    internal static readonly TimeSpan Patience = PatternRule.Patience;

    private readonly LogRule _named = new()
    {
        Id = rule.ProblemId,
        Literals = rule.Pattern.Literals,
        Pattern = rule.Pattern.Linear,
        Source = rule.Mark.ToString(),
    };
    private Regex? _pattern;
    private bool _isSlow;

    public bool IsMatch(ReadOnlySpan<char> text)
    {
        for (var attempt = 0; !_isSlow; attempt++)
        {
            try
            {
                return Pattern.IsMatch(text);
            }
            catch (RegexMatchTimeoutException)
            {
                GiveUp(attempt);
            }
        }
        return slow.Get(_named)?.IsMatch(text) ?? false;
    }

    /// <summary>Where the leftmost match begins; -1 when there is none.</summary>
    public int Find(ReadOnlySpan<char> text)
    {
        for (var attempt = 0; !_isSlow; attempt++)
        {
            try
            {
                return First(Pattern, text);
            }
            catch (RegexMatchTimeoutException)
            {
                GiveUp(attempt);
            }
        }
        return slow.Get(_named) is { } linear ? First(linear, text) : -1;
    }

    private Regex Pattern => _pattern ??= Patterns.Re2Pattern.Build(rule.Pattern.Exact, Patience);

    private static int First(Regex pattern, ReadOnlySpan<char> text)
    {
        var matches = pattern.EnumerateMatches(text);
        return matches.MoveNext() ? matches.Current.Index : -1;
    }

    /// <summary>The thread may have been set aside for so long: the first time counts for nothing.</summary>
    private void GiveUp(int attempt)
    {
        if (attempt == 0)
            return;
        (_isSlow, _pattern) = (true, null);
        slow.Report(_named);
    }
}
