using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace AIInfra.Core.Health.Logs;

/// <summary>The patterns that were too slow with backtracking. Each costs about 1.2 MB without it, so that few are live at a time.</summary>
/// <remarks>One thread matches; <see cref="Ids"/> and <see cref="Timeouts"/> may be read from any.</remarks>
public sealed class SlowPatterns
{
    public const int MostLive = 8;

    private readonly List<(LogRule Rule, Regex Pattern)> _live = []; // the one that was used last at the end
    private readonly HashSet<LogRule> _off = [];
    private long _timeouts;

    /// <summary>Rules whose pattern took too long, each once.</summary>
    public ImmutableArray<string> Ids { get; private set; } = [];

    public long Timeouts => Volatile.Read(ref _timeouts);

    /// <summary>Called once for a rule whose pattern took too long, and once for one that cannot do without backtracking and is switched off.</summary>
    public Action<LogRule, bool>? Found { get; init; }

    internal void Report(LogRule rule)
    {
        Interlocked.Increment(ref _timeouts);
        if (!Ids.Contains(rule.Id))
            Ids = Ids.Add(rule.Id);
        Found?.Invoke(rule, false);
    }

    /// <summary>The pattern of a rule, without backtracking; null when it cannot be had so.</summary>
    internal Regex? Get(LogRule rule)
    {
        if (_off.Contains(rule))
            return null;
        var place = _live.FindIndex(live => ReferenceEquals(live.Rule, rule));
        var entry = place >= 0 ? _live[place] : (rule, Build(rule));
        if (entry.Item2 is null)
            return null;
        if (place >= 0)
            _live.RemoveAt(place);
        else if (_live.Count == MostLive)
            _live.RemoveAt(0);
        _live.Add(entry!);
        return entry.Item2;
    }

    private Regex? Build(LogRule rule)
    {
        try
        {
            return new Regex(rule.Pattern!, PatternRule.Options | RegexOptions.NonBacktracking);
        }
        catch (NotSupportedException) // a look-around, a back-reference, an atomic group, or too large
        {
            _off.Add(rule);
            Found?.Invoke(rule, true);
            return null;
        }
    }
}
