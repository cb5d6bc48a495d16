using System.Text;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd.Logs;

/// <summary>One line of a log.</summary>
/// <param name="text">Trimmed; mostly UTF-8.</param>
/// <param name="rest">What node-problem-detector sees as further lines of the same record: the dictionary of a kernel record. Rules are tried
/// on the text alone first, and with these lines only when that does not match.</param>
internal readonly ref struct NpdLine(ReadOnlySpan<byte> text, DateTimeOffset at, ReadOnlySpan<byte> rest = default)
{
    public ReadOnlySpan<byte> Text { get; } = text;
    public DateTimeOffset At { get; } = at;
    public ReadOnlySpan<byte> Rest { get; } = rest;
}

/// <summary>The log monitors of one source: their rules against a line. For one thread.</summary>
/// <remarks>One pass over the line looks for the literals of all rules at once; a line that holds none costs no more, and allocates nothing.</remarks>
internal sealed class LineMatcher
{
    private readonly Monitor[] _monitors;
    private readonly LiteralSet _literals;
    private readonly LiteralHits _hits;
    private readonly Rule[] _owners; // of each literal
    private readonly char[] _text = new char[(2 * LogMatcher.LongestText) + 1];
    private readonly bool _alwaysAsks;
    private long _line;

    /// <param name="monitors">Each with the moment before which its lines do not count.</param>
    public LineMatcher(IEnumerable<(NpdLogMonitor Monitor, DateTimeOffset Start)> monitors, NpdBoard board, SlowPatterns slow)
    {
        _monitors = [.. monitors.Select(entry => new Monitor(entry.Monitor, entry.Start, board, slow))];
        var owned = _monitors.SelectMany(monitor => monitor.Rules).SelectMany(rule => rule.Literals.Select(literal => (literal, rule))).ToArray();
        _literals = new LiteralSet([.. owned.Select(entry => entry.literal)]);
        _hits = new LiteralHits(owned.Length);
        _owners = [.. owned.Select(entry => entry.rule)];
        _alwaysAsks = _monitors.Any(monitor => monitor.Ring is not null || monitor.Rules.Any(rule => rule.Literals.IsEmpty));
    }

    /// <summary>Tells the board what the line says.</summary>
    public void Match(in NpdLine line)
    {
        _line++;
        if (_literals.Find(line.Text, _hits) | (!line.Rest.IsEmpty && _literals.Find(line.Rest, _hits)))
        {
            foreach (var place in _hits.Places)
                _owners[place].Hit = _line;
            _hits.Clear();
        }
        else if (!_alwaysAsks)
        {
            return;
        }
        var (text, whole) = (-1, -1); // lengths, once the line is decoded
        foreach (var monitor in _monitors)
        {
            if (line.At < monitor.Start)
                continue;
            monitor.Ring?.Add(line.Text, line.At);
            string? joined = null;
            foreach (var rule in monitor.Rules)
            {
                if (!rule.IsDue(_line))
                    continue;
                if (text < 0)
                    (text, whole) = Decode(line);
                if (!rule.IsOfOneLine)
                    TryJoined(monitor, rule, joined ??= monitor.Ring!.Join());
                else if (rule.Pattern.IsMatch(_text.AsSpan(0, text)))
                    monitor.Tell(rule, _text.AsSpan(0, text).ToString(), line.At);
                else if (whole > text && rule.Pattern.IsMatch(_text.AsSpan(0, whole)))
                    monitor.Tell(rule, _text.AsSpan(0, whole).ToString(), line.At);
            }
        }
    }

    private static void TryJoined(Monitor monitor, Rule rule, string joined)
    {
        var start = rule.Pattern.Find(joined);
        if (start < 0)
            return;
        var begin = start == 0 ? 0 : joined.LastIndexOf('\n', start - 1) + 1;
        monitor.Tell(rule, joined[begin..], monitor.Ring!.TimeOf(LineOf(joined, begin, monitor.Ring.Size)));
    }

    /// <summary>Which line of the ring a place is in; a line may itself hold line feeds, so the count may be beyond the last.</summary>
    private static int LineOf(string joined, int place, int size) => Math.Min(joined.AsSpan(0, place).Count('\n'), size - 1);

    private (int Text, int Whole) Decode(in NpdLine line)
    {
        var text = Encoding.UTF8.GetChars(Cap(line.Text), _text);
        if (line.Rest.IsEmpty)
            return (text, text);
        _text[text] = '\n';
        return (text, text + 1 + Encoding.UTF8.GetChars(Cap(line.Rest), _text.AsSpan(text + 1)));
    }

    private static ReadOnlySpan<byte> Cap(ReadOnlySpan<byte> line) => line.Length <= LogMatcher.LongestText ? line : line[..LogMatcher.LongestText];

    private sealed class Monitor
    {
        private readonly NpdLogMonitor _file;
        private readonly NpdBoard _board;

        public Monitor(NpdLogMonitor file, DateTimeOffset start, NpdBoard board, SlowPatterns slow)
        {
            (_file, _board, Start) = (file, board, start);
            Rules = [.. file.LogRules.Select(rule => new Rule(rule, file.BufferSize, slow))];
            if (Rules.Any(rule => !rule.IsOfOneLine))
                Ring = new LineRing(file.BufferSize);
        }

        public DateTimeOffset Start { get; }
        public Rule[] Rules { get; }
        /// <summary>Null when no rule looks at more than the newest line.</summary>
        public LineRing? Ring { get; }

        public void Tell(Rule rule, string message, DateTimeOffset at) =>
            _board.Matched(_file, rule.Of, rule.Of.Suffix.Length == 0 ? message : $"{message}; {rule.Of.Suffix}", at);
    }

    private sealed class Rule(NpdLogRule rule, int bufferSize, SlowPatterns slow)
    {
        public NpdLogRule Of => rule;
        public NpdRegex Pattern { get; } = new(rule, slow);
        public bool IsOfOneLine => rule.Pattern.IsOfOneLine;
        public System.Collections.Immutable.ImmutableArray<string> Literals => rule.Pattern.Literals;
        /// <summary>The last line that held one of its literals.</summary>
        public long Hit { get; set; } = long.MinValue / 2;

        public bool IsDue(long line) => rule.Pattern.Literals.IsEmpty || (IsOfOneLine ? Hit == line : line - Hit < bufferSize);
    }
}
