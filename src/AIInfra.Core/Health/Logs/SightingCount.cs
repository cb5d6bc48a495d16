namespace AIInfra.Core.Health.Logs;

/// <summary>Counts what one rule finds, by what it is on, and says when that is often enough. For one thread; bounded.</summary>
/// <remarks>Lines without a time are not counted: of a saved log without times nobody knows what is often.</remarks>
internal sealed class SightingCount(RuleThreshold threshold)
{
    internal const int MostSubjects = 256;

    /// <summary>The times of the last sightings, in a ring.</summary>
    private sealed class Ring(int length)
    {
        private readonly long[] _times = new long[length];
        private long _count;

        public long Last { get; private set; }

        /// <summary>The time so many sightings ago, this one included; null before there were as many.</summary>
        public long? Add(long time)
        {
            _times[_count++ % _times.Length] = Last = time;
            return _count < _times.Length ? null : _times[_count % _times.Length];
        }
    }

    private readonly Dictionary<(string Id, string Subject), Ring> _rings = [];

    /// <returns>True when this was the last of so many within the time.</returns>
    public bool Add(LogFinding finding, long microseconds)
    {
        if (microseconds < 0)
            return false;
        var key = (finding.Verdict.ProblemId, finding.PciAddress ?? finding.Otherwise?.ToString() ?? "");
        if (!_rings.TryGetValue(key, out var ring))
        {
            if (_rings.Count == MostSubjects)
                _rings.Remove(_rings.MinBy(entry => entry.Value.Last).Key);
            _rings[key] = ring = new Ring(threshold.Count);
        }
        return ring.Add(microseconds) is { } first && microseconds - first <= threshold.Within.TotalMicroseconds;
    }
}
