using System.Collections.Immutable;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health;

/// <summary>The one writer of what is wrong with the node. Publishes first, persists after.</summary>
/// <remarks>Every method may be called from any thread, applies at once and never waits for the disk.</remarks>
public sealed partial class HealthBoard : IDisposable
{
    /// <summary>Transitions that <see cref="HealthSnapshot.Transitions"/> keeps.</summary>
    public const int HistoryLength = 1000;

    /// <summary>Boots that it reaches back to, this one included.</summary>
    public const int HistoryBoots = 5;

    /// <summary>See <see cref="ProblemReport.FlapWindow"/>, where a report asks for no other.</summary>
    public static TimeSpan FlapWindow => FlapMemory.DefaultWindow;

    /// <summary>In a storm of repeated reports so many are published at once in a window; the others when it ends.</summary>
    private const int RepeatsPerWindow = 4;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ProblemTable _problems = new();
    private readonly FlapMemory _flaps;
    private readonly ITimer _windowEnd;
    private ImmutableArray<HealthTransition> _history = [];
    private long _dropped;
    private long _windowStart;
    private int _repeats;
    private bool _withheld;

    /// <param name="bootId">The kernel's id of this boot; empty when it cannot be read: then nothing is cleared by a boot.</param>
    /// <param name="restored">The problems that stood when the agent ended; they stand again, in the order they were first seen.</param>
    /// <param name="history">What happened before the agent was started, oldest first.</param>
    public HealthBoard(TimeProvider time, string bootId, IEnumerable<Problem> restored, IEnumerable<HealthTransition>? history = null)
    {
        _time = time;
        _flaps = new FlapMemory(time);
        BootId = bootId;
        _windowStart = time.GetTimestamp();
        _windowEnd = time.CreateTimer(_ => PublishWithheld(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (var problem in restored.OrderBy(problem => problem.FirstSeen))
        {
            if (_problems.Find(problem.Id, problem.Subject) is null && _problems.Add(problem, SeenAt(problem.LastSeen), new Sightings(problem)) is not null)
                _dropped++;
        }
        foreach (var entry in _problems.Entries.Where(entry => entry.Problem.Incident is null))
            Incidents.Join(_problems, entry, entry.Problem.FirstSeen); // stored by an agent that knew no incidents
        RestoreHistory(history ?? []);
        Current = new(new HealthSnapshot(_problems.ToImmutable(), _history, _dropped));
        Devices = new(Current.Value.Devices);
    }

    public Latest<HealthSnapshot> Current { get; }

    /// <summary>What <see cref="HealthSnapshot.Devices"/> of the newest snapshot is. Wakes its watchers only when a device fails or recovers.</summary>
    public Latest<DeviceHealth> Devices { get; }

    /// <summary>The kernel's id of this boot; empty when unknown.</summary>
    public string BootId { get; }

    /// <summary>A fault was seen: raises a problem, or counts it again.</summary>
    /// <remarks>Of two severities the higher stands; a report below it counts and adds its evidence, but changes no word of the problem,
    /// unless it is the more precise one of two that saw the same (<see cref="ProblemReport.Witness"/>).
    /// A problem that is new or worse is published before this returns; a repeated one within 100 ms.</remarks>
    public void Report(ProblemReport report)
    {
        lock (_gate)
        {
            if (_problems.Find(report.Id, report.Subject) is { } entry)
                Repeat_NeedsLock(entry, report);
            else
                Raise_NeedsLock(report);
        }
    }

    /// <summary>A source reads the subject healthy: clears its problem if that clears by a healthy reading.</summary>
    public void ReportHealthy(string problemId, Subject subject, string evidence)
    {
        lock (_gate)
        {
            if (_problems.Find(problemId, subject) is { Problem.Clearing.Kind: ClearingKind.HealthyReading } entry)
                Clear_NeedsLock([entry], $"read healthy: {ProblemTable.Cap(evidence)}");
        }
    }

    /// <summary>A line says in words that it is over: clears what ends by a healthy reading, and what would end by quiet.</summary>
    public void ReportOver(string problemId, Subject subject, string evidence)
    {
        lock (_gate)
        {
            if (_problems.Find(problemId, subject) is { Problem.Clearing.Kind: ClearingKind.HealthyReading or ClearingKind.Quiet } entry)
                Clear_NeedsLock([entry], $"over: {ProblemTable.Cap(evidence)}");
        }
    }

    /// <summary>The device answers as a whole. Clears what a boot clears (and a reset, which a boot includes), if the problem is from an earlier boot.</summary>
    /// <remarks>A problem that was seen again in this boot stays. Without a boot id on both sides nothing is concluded.</remarks>
    public void ReportAnswering(Subject subject)
    {
        if (Current.Value.Problems.IsEmpty)
            return; // the usual case, in every round of every device
        lock (_gate)
        {
            Clear_NeedsLock(
                Where_NeedsLock(problem => problem.Subject == subject
                    && problem.Clearing.Kind is ClearingKind.Boot or ClearingKind.DeviceReset
                    && BootId.Length > 0 && problem.BootId.Length > 0 && problem.BootId != BootId),
                "the node has booted since and the subject answers");
        }
    }

    /// <summary>An operator says it is over. False when no such problem stands.</summary>
    public bool Clear(string problemId, Subject subject)
    {
        lock (_gate)
        {
            if (_problems.Find(problemId, subject) is not { } entry)
                return false;
            _flaps.Forget(problemId, subject);
            Remove_NeedsLock([entry], ByHand);
            return true;
        }
    }

    /// <summary>There is proof that the device was reset: clears what a reset clears.</summary>
    public void ReportReset(Subject subject, string evidence)
    {
        lock (_gate)
        {
            Clear_NeedsLock(
                Where_NeedsLock(problem => problem.Subject == subject && problem.Clearing.Kind == ClearingKind.DeviceReset),
                $"reset: {ProblemTable.Cap(evidence)}");
        }
    }

    /// <summary>The subject is no more, and what is in its place is told under another id or anew: clears all that stands on it.</summary>
    /// <remarks>Not for a device that cannot be found: that is a problem of its own.</remarks>
    public void ReportVanished(Subject subject, string evidence)
    {
        lock (_gate)
            Remove_NeedsLock(Where_NeedsLock(problem => problem.Subject == subject), $"no longer there: {ProblemTable.Cap(evidence)}");
    }

    /// <summary>Clears every problem that has been quiet for long enough. One step of <see cref="QuietClearing"/>.</summary>
    /// <returns>Time until the next one is due, above zero; null when none waits for quiet.</returns>
    public TimeSpan? ExpireQuiet()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            TimeSpan? next = null;
            List<ProblemTable.Entry> over = [];
            foreach (var entry in _problems.Entries)
            {
                if (QuietToEnd(entry.Problem) is not { } quiet)
                    continue;
                var left = quiet - _time.GetElapsedTime(entry.Seen, now);
                if (left <= TimeSpan.Zero)
                    over.Add(entry);
                else if (next is null || left < next)
                    next = left;
            }
            Expire_NeedsLock(over);
            return next;
        }
    }

    public void Dispose() => _windowEnd.Dispose();

    private List<ProblemTable.Entry> Where_NeedsLock(Func<Problem, bool> condition) =>
        [.. _problems.Entries.Where(entry => condition(entry.Problem))];

    private void Note_NeedsLock(TransitionKind kind, Problem problem, string why)
    {
        var step = new HealthTransition(_time.GetUtcNow(), kind, problem.Id, problem.Subject, problem.Severity, why) { BootId = BootId };
        _history = _history.Length < HistoryLength ? _history.Add(step) : [.. _history.AsSpan()[1..], step];
    }

    private void Publish_NeedsLock()
    {
        _withheld = false;
        var next = Current.Value.Next(_problems.ToImmutable(), _history, _dropped);
        Current.Publish(next);
        if (!ReferenceEquals(next.Devices, Devices.Value))
            Devices.Publish(next.Devices);
    }

    /// <summary>Nothing came or went, only counts, evidence and words are newer.</summary>
    private void PublishCount_NeedsLock()
    {
        if (_time.GetElapsedTime(_windowStart) >= Window)
        {
            _windowStart = _time.GetTimestamp();
            _repeats = 0;
        }
        if (++_repeats <= RepeatsPerWindow)
        {
            _withheld = false;
            Current.Publish(Current.Value.Recount(_problems.ToImmutable()));
        }
        else if (!_withheld)
        {
            _withheld = true;
            _windowEnd.Change(Window, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Publishes repeated reports that wait for the end of their window.</summary>
    internal void PublishWithheld()
    {
        lock (_gate)
        {
            if (!_withheld)
                return;
            _withheld = false;
            Current.Publish(Current.Value.Recount(_problems.ToImmutable()));
        }
    }
}
