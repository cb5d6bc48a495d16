using System.Collections.Immutable;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health.Npd;

/// <summary>The conditions and events of node-problem-detector's files. Every match is also a problem on the health board, which persists it: a condition
/// that was true when the agent ended is true again after its start, with its time, as long as the host has not booted.</summary>
/// <remarks>Methods may be called from any thread. A condition that changes is published at once, events alone at most every 100 ms.</remarks>
public sealed class NpdBoard : IDisposable
{
    /// <summary>Events that a snapshot holds.</summary>
    public const int EventsKept = 256;
    /// <summary>Characters of a message that are kept.</summary>
    public const int LongestMessage = 1024;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly HealthBoard _health;
    private readonly TimeProvider _time;
    private readonly ITimer _windowEnd;
    private readonly SortedDictionary<string, NpdCondition> _shown = new(StringComparer.Ordinal);
    private readonly Dictionary<(NpdMonitor Monitor, string Type), State> _states = [];
    private readonly Queue<NpdEvent> _events = new();
    private long _lastEvent;
    private bool _withheld;

    /// <summary>What a monitor says of one of its conditions.</summary>
    /// <param name="Rule">The rule whose problem stands for it; null when it is not true.</param>
    private sealed record State(NpdStatus Status, string Reason, string Message, DateTimeOffset Since, NpdRule? Rule);

    public NpdBoard(NpdConfiguration configuration, HealthBoard health, TimeProvider time)
    {
        (_health, _time, Counters) = (health, time, new NpdCounters(configuration.Monitors));
        foreach (var monitor in configuration.Monitors)
        {
            foreach (var declared in monitor.Conditions)
            {
                var state = Restored(monitor, declared) ?? new State(NpdStatus.False, declared.Reason, declared.Message, time.GetUtcNow(), null);
                _states[(monitor, declared.Type)] = state;
                if (monitor is not NpdPluginMonitor { SkipsInitialStatus: true } || state.Rule is not null)
                    Show_NeedsLock(monitor, declared.Type, state);
                if (state.Rule is not null)
                    Counters.Set(monitor, declared.Type, state.Reason, true);
            }
        }
        Current = new(Take_NeedsLock());
        Types = [.. configuration.Monitors.SelectMany(monitor => monitor.Conditions).Select(condition => condition.Type).Distinct().Order(StringComparer.Ordinal)];
        _windowEnd = time.CreateTimer(_ => PublishWithheld(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public Latest<NpdSnapshot> Current { get; }

    /// <summary>Every type that a file declares, also one whose condition is not shown yet.</summary>
    public ImmutableArray<string> Types { get; }

    public NpdCounters Counters { get; }

    /// <summary>A line of a log matched a rule.</summary>
    /// <param name="at">When its first line was written.</param>
    public void Matched(NpdLogMonitor monitor, NpdLogRule rule, string message, DateTimeOffset at)
    {
        message = Cap(message);
        lock (_gate)
        {
            if (rule.Condition is not { } type)
            {
                Report(monitor, rule, message, at);
                Event_NeedsLock(monitor, true, rule.Reason, message, at);
            }
            else if (_states.TryGetValue((monitor, type), out var before))
            {
                Report(monitor, rule, message, at);
                Rise_NeedsLock(monitor, rule, type, before, message, at, isChange: before.Status != NpdStatus.True || before.Reason != rule.Reason);
                Counters.Set(monitor, type, rule.Reason, true);
            }
        }
    }

    /// <summary>A plugin has ended.</summary>
    /// <param name="status">False: all is well; true: the problem is there; unknown: it could not tell.</param>
    public void Ended(NpdPluginMonitor monitor, NpdPluginRule rule, NpdStatus status, string message)
    {
        message = Cap(message);
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            if (rule.Condition is not { } type)
            {
                if (status == NpdStatus.False)
                    return;
                Report(monitor, rule, message, now);
                Event_NeedsLock(monitor, true, rule.Reason, message, now);
                return;
            }
            var before = _states[(monitor, type)];
            if (status == NpdStatus.True)
            {
                Report(monitor, rule, message, now);
                var isOther = before.Status != NpdStatus.True || before.Reason != rule.Reason || (monitor.UpdatesOnMessage && before.Message != message);
                Rise_NeedsLock(monitor, rule, type, before, message, now, isOther);
            }
            else if (before.Status != status)
            {
                var declared = monitor.Find(type)!;
                Change_NeedsLock(monitor, type, new State(status, declared.Reason, status == NpdStatus.False ? declared.Message : message, now, status == NpdStatus.False ? null : before.Rule), now);
                if (status == NpdStatus.False)
                    ReportHealthy_NeedsLock(monitor, type, message);
            }
            else if (status == NpdStatus.False)
            {
                ReportHealthy_NeedsLock(monitor, type, message); // one that was held because it came and went
            }
            Counters.Set(monitor, type, _states[(monitor, type)].Reason, _states[(monitor, type)].Status == NpdStatus.True);
        }
    }

    /// <summary>Turns back what is true by a line of a log, and whose problem no longer stands: a person cleared it, it was quiet for long enough, the host has booted.</summary>
    public void Settle()
    {
        lock (_gate)
        {
            var standing = _health.Current.Value.Problems.Where(problem => problem.Subject == Subject.Node).Select(problem => problem.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var ((monitor, type), state) in _states.ToList())
            {
                if (monitor is not NpdLogMonitor || state.Rule is not { } rule || standing.Contains(rule.ProblemId))
                    continue;
                var declared = monitor.Find(type)!;
                var now = Restored(monitor, declared) ?? new State(NpdStatus.False, declared.Reason, declared.Message, _time.GetUtcNow(), null);
                Change_NeedsLock(monitor, type, now, _time.GetUtcNow());
                Counters.Set(monitor, type, now.Reason, now.Status == NpdStatus.True);
            }
        }
    }

    public void Dispose() => _windowEnd.Dispose();

    private void Rise_NeedsLock(NpdMonitor monitor, NpdRule rule, string type, State before, string message, DateTimeOffset at, bool isChange)
    {
        if (!isChange)
            return;
        if (before.Rule is { } other && other.ProblemId != rule.ProblemId)
            _health.ReportHealthy(other.ProblemId, Subject.Node, $"the reason is {rule.Reason} now");
        Change_NeedsLock(monitor, type, new State(NpdStatus.True, rule.Reason, message, at, rule), at);
    }

    private void Change_NeedsLock(NpdMonitor monitor, string type, State state, DateTimeOffset at)
    {
        _states[(monitor, type)] = state;
        Show_NeedsLock(monitor, type, state);
        Event_NeedsLock(monitor, state.Status == NpdStatus.True, state.Reason, $"Condition {type} is {state.Status} now, reason: {state.Reason}, message: \"{state.Message}\"", at);
        Publish_NeedsLock();
    }

    private void ReportHealthy_NeedsLock(NpdPluginMonitor monitor, string type, string evidence)
    {
        foreach (var rule in monitor.PluginRules.Where(rule => rule.Condition == type))
            _health.ReportHealthy(rule.ProblemId, Subject.Node, evidence);
    }

    private void Event_NeedsLock(NpdMonitor monitor, bool isWarning, string reason, string message, DateTimeOffset at)
    {
        if (isWarning)
            Counters.Count(monitor, reason);
        _events.Enqueue(new NpdEvent(++_lastEvent, monitor.Source, isWarning, reason, message, at));
        if (_events.Count > EventsKept)
            _events.Dequeue();
        if (_withheld)
            return;
        _withheld = true;
        _windowEnd.Change(Window, Timeout.InfiniteTimeSpan);
    }

    private void Show_NeedsLock(NpdMonitor monitor, string type, State state) =>
        _shown[type] = new NpdCondition(type, state.Status, state.Reason, state.Message, state.Since, monitor.Source);

    private void Publish_NeedsLock()
    {
        _withheld = false;
        Current.Publish(Take_NeedsLock());
    }

    internal void PublishWithheld()
    {
        lock (_gate)
        {
            if (_withheld)
                Publish_NeedsLock();
        }
    }

    private NpdSnapshot Take_NeedsLock() => new([.. _shown.Values], [.. _events]);

    private void Report(NpdMonitor monitor, NpdRule rule, string message, DateTimeOffset at) => _health.Report(new ProblemReport
    {
        Id = rule.ProblemId,
        Subject = Subject.Node,
        Severity = rule.Condition is null ? Severity.Info : Severity.Degraded,
        Cause = Cause.Host,
        Action = SuggestedAction.Observe,
        Clearing = NpdClearing.Of(monitor, rule),
        Message = message.Length == 0 ? $"{rule.Reason} ({monitor.Name})" : message,
        Evidence = message,
        At = at,
    });

    /// <summary>What the problems that stand say of a condition, if they are of this boot; of several the one that was seen last.</summary>
    private State? Restored(NpdMonitor monitor, NpdDeclared declared)
    {
        var last = monitor.Rules.Where(rule => rule.Condition == declared.Type)
            .Select(rule => (Rule: rule, Problem: _health.Current.Value.Problems.FirstOrDefault(problem => problem.Id == rule.ProblemId && problem.Subject == Subject.Node)))
            .Where(pair => pair.Problem is { Over: null } problem && (problem.BootId == _health.BootId || problem.BootId.Length == 0))
            .OrderByDescending(pair => pair.Problem!.LastSeen).FirstOrDefault();
        return last.Problem is { } standing ? new State(NpdStatus.True, last.Rule.Reason, standing.Message, standing.FirstSeen, last.Rule) : null;
    }

    private static string Cap(string message) => message.Length <= LongestMessage ? message : message[..(char.IsHighSurrogate(message[LongestMessage - 1]) ? LongestMessage - 1 : LongestMessage)];
}
