using System.Collections.Immutable;
using AIInfra.Core.Health.Npd.Configuration;

namespace AIInfra.Core.Health.Npd;

/// <summary><c>problem_counter</c> and <c>problem_gauge</c>. What there can be is known from the files, so that a scrape allocates nothing.</summary>
public sealed class NpdCounters
{
    private readonly ImmutableArray<Counter> _reasons;
    private readonly ImmutableArray<Gauge> _gauges;

    internal sealed class Counter(string reason)
    {
        private long _value;
        public string Reason => reason;
        public long Value => Volatile.Read(ref _value);
        public void Add() => Interlocked.Increment(ref _value);
    }

    /// <summary>Shown once it was set: those of rules at the start, those of healthy reasons when they were first the reason.</summary>
    internal sealed class Gauge(string type, string reason)
    {
        private int _value = -1;
        public string Type => type;
        public string Reason => reason;
        /// <summary>0 or 1; negative before it was set.</summary>
        public int Value { get => Volatile.Read(ref _value); set => Volatile.Write(ref _value, value); }
    }

    public NpdCounters(IEnumerable<NpdMonitor> monitors)
    {
        var reporting = monitors.Where(monitor => monitor.ReportsMetrics).ToList();
        var rules = reporting.SelectMany(monitor => monitor.Rules).ToList();
        _reasons = [.. rules.Select(rule => rule.Reason).Distinct().Order(StringComparer.Ordinal).Select(reason => new Counter(reason))];
        var known = rules.Where(rule => rule.Condition is not null).Select(rule => (Type: rule.Condition!, rule.Reason));
        var healthy = reporting.SelectMany(monitor => monitor.Conditions).Select(condition => (condition.Type, condition.Reason));
        _gauges = [.. known.Concat(healthy).Distinct().Order().Select(pair => new Gauge(pair.Type, pair.Reason))];
        foreach (var (type, reason) in known.Distinct().ToList())
            _gauges.First(gauge => gauge.Type == type && gauge.Reason == reason).Value = 0;
    }

    internal ImmutableArray<Counter> Reasons => _reasons;
    internal ImmutableArray<Gauge> Gauges => _gauges;

    internal void Count(NpdMonitor monitor, string reason)
    {
        if (monitor.ReportsMetrics)
            _reasons.FirstOrDefault(counter => counter.Reason == reason)?.Add();
    }

    /// <summary>Of one type at most one reason is 1.</summary>
    internal void Set(NpdMonitor monitor, string type, string reason, bool isTrue)
    {
        if (!monitor.ReportsMetrics)
            return;
        foreach (var gauge in _gauges)
        {
            if (gauge.Type == type && gauge.Reason != reason && gauge.Value > 0)
                gauge.Value = 0;
            else if (gauge.Type == type && gauge.Reason == reason)
                gauge.Value = isTrue ? 1 : 0;
        }
    }
}
