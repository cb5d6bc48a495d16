using System.Text;

namespace AIInfra.Core.Health.Logs;

/// <summary>All rules against a line: first which literals it holds, then only the rules that these belong to. For one log and one thread.</summary>
/// <remarks>A line without a literal costs one pass over its bytes and allocates nothing.</remarks>
public sealed class LogMatcher
{
    /// <summary>A pattern sees so much of a line.</summary>
    public const int LongestText = 8 * 1024;

    private readonly LogRuleIndex _index;
    private readonly LiteralHits _hits;
    private readonly ILogRules[] _decoders;
    private readonly PatternRule[] _rules;
    private readonly long[] _asked; // per owner, the line for which it was last asked
    private readonly char[] _text = new char[LongestText];
    private long _line;

    public LogMatcher(IReadOnlyList<ILogRules> decoders, IReadOnlyList<LogRule> rules, SlowPatterns slow)
        : this(new LogRuleIndex(decoders, rules), decoders, slow)
    {
    }

    /// <param name="index">May serve other matchers as well.</param>
    /// <param name="decoders">Of the same kinds, in the same order, as those of the index.</param>
    public LogMatcher(LogRuleIndex index, IReadOnlyList<ILogRules> decoders, SlowPatterns slow)
    {
        _index = index;
        _decoders = [.. decoders];
        _rules = [.. index.Rules.Select(rule => new PatternRule(rule, slow))];
        _hits = new LiteralHits(index.Owners.Length);
        _asked = new long[_decoders.Length + _rules.Length];
    }

    /// <summary>Adds what the line says. Never throws for what it holds.</summary>
    public void Match(in LogLine line, List<LogFinding> findings)
    {
        if (!_index.Literals.Find(line.Text, _hits))
            return;
        _line++;
        var length = -1;
        foreach (var place in _hits.Places)
        {
            var owner = _index.Owners[place];
            if (_asked[owner] == _line)
                continue;
            _asked[owner] = _line;
            if (owner < _decoders.Length)
            {
                _decoders[owner].Read(line, findings);
                continue;
            }
            var rule = _rules[owner - _decoders.Length];
            if (!line.MayBeFrom(rule.Rule.Origin) || !rule.MayBeWrittenBy(line.Service))
                continue;
            if (length < 0)
                length = Decode(line.Text);
            if (rule.Match(line, _text.AsSpan(0, length)) is { } finding)
                findings.Add(finding);
        }
        _hits.Clear();
    }

    /// <summary>The beginning of a line as text, for evidence.</summary>
    public static string Show(ReadOnlySpan<byte> line) => Encoding.UTF8.GetString(line.Length <= LongestText ? line : line[..LongestText]);

    private int Decode(ReadOnlySpan<byte> line)
    {
        // UTF-8 never has fewer bytes than the characters it stands for, so so many bytes always fit.
        return Encoding.UTF8.GetChars(line.Length <= LongestText ? line : line[..LongestText], _text);
    }
}
