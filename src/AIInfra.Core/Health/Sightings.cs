using System.Collections.Immutable;

namespace AIInfra.Core.Health;

/// <summary>Joins what several witnesses report of one fault, for example the driver's event and its lines in the kernel log, so that it counts
/// once; and keeps apart what is settled from what the more precise witness may still correct.</summary>
/// <remarks>A report joins the oldest sighting at most 10 s away that its witness has no part in: a storm that all see has the count of one of them.</remarks>
internal sealed class Sightings
{
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(10);
    /// <summary>Sightings that others may still join; older ones are taken as they are.</summary>
    private const int Limit = 64;

    /// <summary>What a report says of the problem, without the sighting itself.</summary>
    internal sealed record Words(Severity Severity, Cause Cause, SuggestedAction Action, Clearing Clearing, string Message)
    {
        public static Words Of(ProblemReport report) => new(report.Severity, report.Cause, report.Action, report.Clearing, report.Message);
        public static Words Of(Problem problem) => new(problem.Severity, problem.Cause, problem.Action, problem.Clearing, problem.Message);
    }

    /// <param name="Words">Null: they are settled already.</param>
    private readonly record struct Sighting(ImmutableArray<string> Witnesses, DateTimeOffset At, bool IsPrecise, Words? Words);

    private readonly List<Sighting> _open = [];
    private Words? _settled;

    /// <summary>Of a problem that was raised by this report.</summary>
    public Sightings(ProblemReport first) => Take(first);

    /// <summary>Of a problem from the store: whoever reports it again for that moment has seen the same.</summary>
    public Sightings(Problem restored)
    {
        _settled = Words.Of(restored);
        _open.Add(new Sighting([], restored.LastSeen, false, null));
    }

    /// <summary>What stands of the problem; of equal severities the newest words.</summary>
    public Words Visible
    {
        get
        {
            var worst = _settled;
            foreach (var sighting in _open)
                worst = Worse(worst, sighting.Words);
            return worst!;
        }
    }

    /// <returns>True when another witness reported the same before: it must not be counted again.</returns>
    public bool Take(ProblemReport report)
    {
        var words = Words.Of(report);
        if (report.Witness is not { } witness)
        {
            _settled = Worse(_settled, words);
            return false;
        }
        SettleOlderThan(report.At - Together);
        for (var at = 0; at < _open.Count; at++)
        {
            var other = _open[at];
            if (other.Witnesses.Contains(witness) || (other.At - report.At).Duration() > Together)
                continue;
            _open[at] = other with
            {
                Witnesses = other.Witnesses.Add(witness),
                IsPrecise = other.IsPrecise || report.IsPrecise,
                Words = report.IsPrecise == other.IsPrecise ? Worse(other.Words, words) : report.IsPrecise ? words : other.Words,
            };
            return true;
        }
        if (_open.Count == Limit)
            Settle(0);
        _open.Add(new Sighting([witness], report.At, report.IsPrecise, words));
        return false;
    }

    private void SettleOlderThan(DateTimeOffset moment)
    {
        while (_open.Count > 0 && _open[0].At < moment)
            Settle(0);
    }

    private void Settle(int at)
    {
        _settled = Worse(_settled, _open[at].Words);
        _open.RemoveAt(at);
    }

    private static Words? Worse(Words? standing, Words? added) =>
        standing is null || (added is not null && added.Severity >= standing.Severity) ? added ?? standing : standing;
}
