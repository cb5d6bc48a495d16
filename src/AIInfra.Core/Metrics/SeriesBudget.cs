namespace AIInfra.Core.Metrics;

/// <summary>Which families of one rendering stay when there are more series than a page may have. A family stays or goes as a whole: a sum over half of
/// its series would be wrong.</summary>
internal sealed class SeriesBudget
{
    private readonly SeriesCounter _counter = new();
    private int[] _dropped = [];

    public bool IsKept(int family) => _dropped.Length == 0 || _dropped[family] == 0;

    /// <summary>Counts only when the plan's most would be too many. Allocates nothing while the plan stays the same.</summary>
    /// <param name="left">Series that the page may have beside those that it has already.</param>
    public void Choose(PageMoment moment, int left)
    {
        var plan = moment.Plan;
        if (plan.MostSeries < left)
        {
            _dropped = [];
            return;
        }
        if (_dropped.Length != plan.Families.Length)
            _dropped = new int[plan.Families.Length];
        left -= 1; // the page's own count
        if (!Fits(plan, moment, left))
            left -= plan.Families.Length; // each may have to be named
        foreach (var family in plan.ByRank)
        {
            var count = Count(plan.Families[family], moment);
            _dropped[family] = count > left ? count : 0;
            left -= count > left ? 0 : count;
        }
    }

    /// <summary>What was left out, by family, and how many series the page has.</summary>
    public void Write(PageWriter writer, PagePlan plan)
    {
        writer.Family(AgentMetric.SeriesDropped);
        for (var family = 0; family < _dropped.Length; family++)
        {
            if (_dropped[family] > 0)
                writer.Sample(plan.Families[family].DroppedLabels, _dropped[family]);
        }
        writer.Family(AgentMetric.Series);
        writer.Sample(LabelSet.Empty, writer.Series + 1);
    }

    private bool Fits(PagePlan plan, PageMoment moment, int left)
    {
        foreach (var family in plan.Families)
            left -= Count(family, moment);
        return left >= 0;
    }

    private int Count(PlanFamily family, PageMoment moment)
    {
        _counter.Begin();
        var next = 0;
        family.Write(_counter, moment, ref next, isFull: null);
        return _counter.Series;
    }
}
