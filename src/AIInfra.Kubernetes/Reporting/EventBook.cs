using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Remediation.Engine;
using AIInfra.Core.VendorHost;

namespace AIInfra.Kubernetes.Reporting;

/// <summary>A pod that holds a device. Outside input.</summary>
public readonly record struct DeviceHolder(string Namespace, string Pod);

/// <summary>Which pods hold a device now.</summary>
public interface IDeviceHolders
{
    /// <summary>Null while that is not known, which is not the same as nobody.</summary>
    IReadOnlyList<DeviceHolder>? HoldersOf(string deviceId);
}

/// <summary>One Event object: what it says, on what, and how much of it the API server knows.</summary>
internal sealed class EventEntry
{
    /// <summary>Derived from what it is about, so that a restart or a doubtful answer never makes a second one.</summary>
    public required string Name { get; init; }
    /// <summary>Null: on the node.</summary>
    public required DeviceHolder? Pod { get; init; }
    public required string Reason { get; init; }
    public required string Action { get; init; }
    public required bool IsWarning { get; init; }
    public required string Note { get; init; }
    public required DateTimeOffset FirstSeen { get; init; }
    /// <summary>Lower goes first.</summary>
    public required int Order { get; init; }
    public required long Count { get; set; }
    public required DateTimeOffset LastSeen { get; set; }
    /// <summary>The problem still stands: repeats are told in the series.</summary>
    public bool IsStanding { get; set; } = true;
    /// <summary>The count that the API server knows; 0 before the event was made.</summary>
    public long SentCount { get; set; }
    public long SentAt { get; set; }
}

/// <summary>Keeps one Event for each (problem, subject) and each pod that holds the subject, from the health board's snapshots. What came while
/// the API server could not be reached waits here; nothing is told twice.</summary>
internal sealed class EventBook(string node, HealthBoard health, IDeviceHolders holders, TimeProvider time)
{
    /// <summary>Problems whose events node-problem-detector's files word themselves.</summary>
    private const string NpdPrefix = "npd.";

    public const int Limit = 4000;

    /// <summary>Between two messages of one series; a series also keeps the event from being forgotten by the API server.</summary>
    public static readonly TimeSpan SeriesInterval = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan HolderPatience = TimeSpan.FromSeconds(30), HistoryAtStart = TimeSpan.FromHours(1);

    private readonly Dictionary<(string Id, Subject Subject), Entries> _standing = [];
    private readonly List<EventEntry> _all = [];
    private readonly NpdEventPace _pace = new(time);
    private readonly Dictionary<(string Source, bool IsWarning, string Reason, string Message), EventEntry> _matches = [];
    private long _lastMatch, _lastNote;
    private HealthTransition? _lastStep = health.Current.Value.Transitions.LastOrDefault(step => step.At < time.GetUtcNow() - HistoryAtStart);
    private bool _isFirst = true;

    private sealed record Entries(List<EventEntry> Events, long Since)
    {
        public bool HasPods { get; set; }
    }

    /// <summary>Events that were given up because too many waited.</summary>
    public long Dropped { get; private set; }

    /// <summary>Takes in what the board says now.</summary>
    /// <returns>True while who holds a device is waited for.</returns>
    public bool Update(HealthSnapshot now, NodeInventory inventory)
    {
        var isWaiting = false;
        foreach (var problem in now.Problems.Where(problem => !problem.Id.StartsWith(NpdPrefix, StringComparison.Ordinal)))
        {
            var key = (problem.Id, problem.Subject);
            if (!_standing.TryGetValue(key, out var entries))
            {
                _standing[key] = entries = new Entries([], time.GetTimestamp());
                var pods = Holders(problem.Subject, inventory);
                Add(entries, problem, null, EventText.ForNode(problem, inventory, [.. (pods ?? []).Select(pod => $"{pod.Namespace}/{pod.Pod}")]));
            }
            if (!entries.HasPods)
                isWaiting |= !AddPods(entries, problem, inventory);
            foreach (var entry in entries.Events)
                (entry.Count, entry.LastSeen) = (problem.Count, problem.LastSeen);
        }
        TakeSteps(now, inventory);
        var standing = now.Problems.Select(problem => (problem.Id, problem.Subject)).ToHashSet();
        foreach (var (key, entries) in _standing.Where(pair => !standing.Contains(pair.Key)).ToArray())
        {
            entries.Events.ForEach(entry => entry.IsStanding = false);
            _standing.Remove(key);
        }
        _all.RemoveAll(entry => !entry.IsStanding && entry.SentCount > 0);
        return isWaiting;
    }

    /// <summary>Takes in what the monitors of node-problem-detector's files said: an event for each match, equal ones as one with a count, and
    /// of one monitor only so many. Reason and message are the file's; the reporter is the agent, since its rights end at events in its own name.</summary>
    public void Update(NpdSnapshot now)
    {
        foreach (var said in now.Events.Where(said => said.Number > _lastMatch))
        {
            _lastMatch = said.Number;
            var key = (said.Source, said.IsWarning, said.Reason, EventText.Bound(said.Message, EventText.LongestNote));
            if (!_pace.Take(said.Source))
                Dropped++;
            else if (_matches.TryGetValue(key, out var known))
                (known.Count, known.LastSeen) = (known.Count + 1, said.At);
            else if (MatchOf(said, key.Item4) is var entry && Add(entry))
                _matches[key] = entry;
        }
        var tooOld = time.GetUtcNow() - HistoryAtStart;
        foreach (var (key, entry) in _matches.Where(pair => pair.Value.LastSeen < tooOld).ToArray())
        {
            entry.IsStanding = false;
            _matches.Remove(key);
        }
    }

    /// <summary>Takes in what remediation did, or in a dry run would do: an event for each.</summary>
    public void Update(IReadOnlyList<StepNote> notes)
    {
        foreach (var note in notes.Where(note => note.Number > _lastNote))
        {
            _lastNote = note.Number;
            Add(new EventEntry
            {
                Name = NameOf(note.Key, Subject.Node, DateTimeOffset.UnixEpoch, null, "remediation"), // the same after a restart
                Pod = null,
                Reason = note.Reason,
                Action = note.Action,
                IsWarning = note.IsWarning,
                Note = EventText.Bound(note.Says, EventText.LongestNote),
                FirstSeen = note.At,
                LastSeen = note.At,
                Order = note.IsWarning ? 1 : 2,
                Count = 1,
                IsStanding = false,
            });
        }
    }

    /// <summary>The next one that the API server should hear of, the worst first; null when it knows all.</summary>
    /// <param name="wait">Until one is due that is not yet; null when there is none.</param>
    public EventEntry? Next(out TimeSpan? wait)
    {
        wait = null;
        EventEntry? next = null;
        foreach (var entry in _all)
        {
            if (entry.SentCount == 0)
            {
                next = next is null || next.SentCount > 0 || entry.Order < next.Order ? entry : next;
                continue;
            }
            if (!entry.IsStanding || entry.Count <= entry.SentCount)
                continue;
            var due = SeriesInterval - time.GetElapsedTime(entry.SentAt);
            if (due <= TimeSpan.Zero)
                next ??= entry;
            else if (wait is null || due < wait)
                wait = due;
        }
        return next;
    }

    public void Sent(EventEntry entry, long count)
    {
        (entry.SentCount, entry.SentAt) = (Math.Max(1, count), time.GetTimestamp());
        if (!entry.IsStanding)
            _all.Remove(entry);
    }

    /// <summary>It can never be told: its pod is gone, or the server does not take it.</summary>
    public void GiveUp(EventEntry entry) => (entry.SentCount, entry.SentAt, entry.IsStanding) = (long.MaxValue, time.GetTimestamp(), false);

    /// <summary>The server has forgotten it (it keeps events for an hour): it is made anew.</summary>
    public static void Forgotten(EventEntry entry) => entry.SentCount = 0;

    /// <summary>Everything is told again: the node object is another one.</summary>
    public void ForgetAll() => _all.Where(entry => entry.Pod is null).ToList().ForEach(Forgotten);

    /// <returns>False while it must be waited for who holds the device.</returns>
    private bool AddPods(Entries entries, Problem problem, NodeInventory inventory)
    {
        var concerns = problem.IsHeadline && problem.Subject.Kind == SubjectKind.Device && problem.Id != VendorReleases.ProblemId && (problem.Severity > Severity.Info || problem.Action == SuggestedAction.TellPod);
        if (concerns && Holders(problem.Subject, inventory) is not { } pods)
        {
            if (time.GetElapsedTime(entries.Since) < HolderPatience)
                return false;
            pods = [];
        }
        else
        {
            pods = concerns ? Holders(problem.Subject, inventory)! : [];
        }
        entries.HasPods = true;
        foreach (var pod in pods)
            Add(entries, problem, pod, EventText.ForPod(problem, inventory));
        return true;
    }

    /// <summary>Of the device, of what it is a part of, and of its parts.</summary>
    private IReadOnlyList<DeviceHolder>? Holders(Subject subject, NodeInventory inventory)
    {
        if (subject.Kind != SubjectKind.Device)
            return [];
        var found = new List<DeviceHolder>();
        foreach (var id in inventory.Devices.Where(device => device.ParentId == subject.Id).Select(device => device.Id).Prepend(subject.Id))
        {
            if (holders.HoldersOf(id) is not { } some)
                return null;
            found.AddRange(some);
        }
        return [.. found.Distinct()];
    }

    /// <summary>What came and went between two looks, and what is over.</summary>
    private void TakeSteps(HealthSnapshot now, NodeInventory inventory)
    {
        var seen = _lastStep is null ? -1 : now.Transitions.LastIndexOf(_lastStep);
        foreach (var step in now.Transitions.AsSpan()[(seen + 1)..])
        {
            _lastStep = step;
            if (step.ProblemId.StartsWith(NpdPrefix, StringComparison.Ordinal))
                continue;
            if (step.Kind == TransitionKind.Raised && !_isFirst && !_standing.ContainsKey((step.ProblemId, step.Subject)) && step.Severity > Severity.Info)
                Add(Passing(step, $"{EventText.Name(step.Subject, inventory)}: {step.Why} It is over by now. [{step.ProblemId}]", "Observe", "", isWarning: true));
            else if (step is { Kind: TransitionKind.Cleared, Severity: Severity.Fatal } && step.At >= time.GetUtcNow() - HistoryAtStart)
                Add(Passing(step, EventText.ForCleared(step, inventory), "Clear", "Cleared", isWarning: false));
        }
        _isFirst = false;
    }

    private EventEntry MatchOf(NpdEvent said, string note) => new()
    {
        Name = NameOf($"{said.Source}\n{said.Reason}\n{note}", Subject.Node, said.At, null, "npd"),
        Pod = null,
        Reason = ConditionTable.BoundReason(said.Reason),
        Action = "Observe",
        IsWarning = said.IsWarning,
        Note = note,
        FirstSeen = said.At,
        LastSeen = said.At,
        Order = said.IsWarning ? 2 : 3,
        Count = 1,
    };

    private EventEntry Passing(HealthTransition step, string note, string action, string suffix, bool isWarning) => new()
    {
        Name = NameOf(step.ProblemId, step.Subject, step.At, null, action),
        Pod = null,
        Reason = ConditionTable.Reason(step.ProblemId) + suffix,
        Action = action,
        IsWarning = isWarning,
        Note = EventText.Bound(note, EventText.LongestNote),
        FirstSeen = step.At,
        LastSeen = step.At,
        Order = isWarning ? 1 : 3,
        Count = 1,
        IsStanding = false,
    };

    private void Add(Entries entries, Problem problem, DeviceHolder? pod, string note)
    {
        var entry = new EventEntry
        {
            Name = NameOf(problem.Id, problem.Subject, problem.FirstSeen, pod, ""),
            Pod = pod,
            Reason = ConditionTable.Reason(problem.Id),
            Action = problem.Action.ToString(),
            IsWarning = problem.Severity > Severity.Info || problem.Action == SuggestedAction.TellPod,
            Note = note,
            FirstSeen = problem.FirstSeen,
            LastSeen = problem.LastSeen,
            Order = problem.Severity switch { Severity.Fatal => 0, Severity.Degraded => 1, _ => 2 },
            Count = problem.Count,
        };
        if (Add(entry))
            entries.Events.Add(entry);
    }

    private bool Add(EventEntry entry)
    {
        if (_all.Count >= Limit)
        {
            Dropped++;
            return false;
        }
        _all.Add(entry);
        return true;
    }

    private string NameOf(string problemId, Subject subject, DateTimeOffset at, DeviceHolder? pod, string kind)
    {
        var about = string.Create(CultureInfo.InvariantCulture, $"{node}\n{problemId}\n{subject}\n{at.UtcTicks}\n{pod?.Namespace}\n{pod?.Pod}\n{kind}");
        var hash = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(about)));
        return string.Create(CultureInfo.InvariantCulture, $"{(node.Length <= 200 ? node : node[..200].TrimEnd('.', '-'))}.{hash:x16}");
    }
}
