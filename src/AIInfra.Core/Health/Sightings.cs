namespace AIInfra.Core.Health;

/// <summary>Pairs what two witnesses report of one fault, for example the driver's event and its line in the kernel log, so that it counts once;
/// and keeps apart what is settled from what the more precise witness may still correct.</summary>
/// <remarks>Each report pairs with one of another witness that is at most 10 s away: a storm that both see has the count of one of them.</remarks>
internal sealed class Sightings
{
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(10);
    /// <summary>Reports that wait for their pair; older ones are taken as they are.</summary>
    private const int Limit = 64;

    /// <summary>What a report says of the problem, without the sighting itself.</summary>
    internal sealed record Words(Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, string Message)
    {
        public static Words Of(ProblemReport report) => new(report.Severity, report.Cause, report.Action, report.Clearing, report.Message);
        public static Words Of(Problem problem) => new(problem.Severity, problem.Cause, problem.Action, problem.Clearing, problem.Message);
    }

    private readonly record struct Sighting(string? Witness, DateTimeOffset At, bool IsPrecise, Words? Words);

    private readonly List<Sighting> _alone = [];
    private Words? _settled;

    /// <summary>Of a problem that was raised by this report.</summary>
    public Sightings(ProblemReport first) => Take(first);

    /// <summary>Of a problem from the store: whoever reports it again for that moment has seen the same.</summary>
    public Sightings(Problem restored)
    {
        _settled = Words.Of(restored);
        _alone.Add(new Sighting(null, restored.LastSeen, false, null));
    }

    /// <summary>What stands of the problem; of equal severities the newest words.</summary>
    public Words Visible
    {
        get
        {
            var worst = _settled;
            foreach (var sighting in _alone)
                worst = Worse(worst, sighting.Words);
            return worst!;
        }
    }

    /// <returns>True when another witness reported the same before: it must not be counted again.</returns>
    public bool Take(ProblemReport report)
    {
        var words = Words.Of(report);
        if (report.Witness is null)
        {
            _settled = Worse(_settled, words);
            return false;
        }
        SettleOlderThan(report.At - Together);
        for (var at = 0; at < _alone.Count; at++)
        {
            var other = _alone[at];
            if (other.Witness == report.Witness || (other.At - report.At).Duration() > Together)
                continue;
            _alone.RemoveAt(at);
            _settled = Worse(_settled, report.IsPrecise == other.IsPrecise ? Worse(other.Words, words) : report.IsPrecise ? words : other.Words);
            return true;
        }
        if (_alone.Count == Limit)
            Settle(0);
        _alone.Add(new Sighting(report.Witness, report.At, report.IsPrecise, words));
        return false;
    }

    private void SettleOlderThan(DateTimeOffset moment)
    {
        while (_alone.Count > 0 && _alone[0].At < moment)
            Settle(0);
    }

    private void Settle(int at)
    {
        _settled = Worse(_settled, _alone[at].Words);
        _alone.RemoveAt(at);
    }

    private static Words? Worse(Words? standing, Words? added) =>
        standing is null || (added is not null && added.Severity >= standing.Severity) ? added ?? standing : standing;
}
