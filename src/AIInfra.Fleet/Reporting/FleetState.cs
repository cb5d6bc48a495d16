using AIInfra.Fleet.V1;

namespace AIInfra.Fleet.Reporting;

/// <summary>The node as it is told to the aggregator, under one sequence number. Immutable: its messages are never changed.</summary>
internal sealed class FleetState
{
    private readonly SortedDictionary<string, Device> _devices;
    private readonly SortedDictionary<string, Problem> _problems;
    private readonly SortedDictionary<string, Workload> _workloads;
    private readonly SortedDictionary<string, Operation> _operations;
    private readonly NodeFacts _facts;

    private FleetState(ulong sequence, NodeState state, FleetState? earlier)
    {
        Sequence = sequence;
        _facts = earlier is not null && earlier._facts.Equals(state.Facts) ? earlier._facts : state.Facts;
        _devices = Index(state.Devices, device => device.Id, earlier?._devices);
        _problems = Index(state.Problems, problem => KeyOf(problem.Key), earlier?._problems);
        _workloads = Index(state.Workloads, workload => workload.Id, earlier?._workloads);
        _operations = Index(state.Operations, operation => operation.Step, earlier?._operations);
    }

    public ulong Sequence { get; }

    public static FleetState First(NodeState state) => new(1, state, null);

    /// <summary>What comes after this one; this one itself when nothing differs.</summary>
    public FleetState Next(NodeState fresh)
    {
        var next = new FleetState(Sequence + 1, fresh, this);
        var delta = next.Since(this);
        return IsEmpty(delta) ? this : next;
    }

    public Snapshot ToSnapshot()
    {
        var state = new NodeState { Facts = _facts };
        state.Devices.AddRange(_devices.Values);
        state.Problems.AddRange(_problems.Values);
        state.Workloads.AddRange(_workloads.Values);
        state.Operations.AddRange(_operations.Values);
        return new Snapshot { Sequence = Sequence, State = state };
    }

    /// <summary>What to put and what to take out to come from an earlier state to this one.</summary>
    public Delta Since(FleetState earlier)
    {
        var delta = new Delta { Sequence = Sequence, Base = earlier.Sequence };
        if (!_facts.Equals(earlier._facts))
            delta.Facts = _facts;
        Compare(earlier._devices, _devices, delta.Devices.Add, (key, _) => delta.DevicesGone.Add(key));
        Compare(earlier._problems, _problems, delta.Problems.Add, (_, gone) => delta.ProblemsGone.Add(gone.Key));
        Compare(earlier._workloads, _workloads, delta.Workloads.Add, (key, _) => delta.WorkloadsGone.Add(key));
        Compare(earlier._operations, _operations, delta.Operations.Add, (key, _) => delta.OperationsGone.Add(key));
        return delta;
    }

    /// <summary>True when nothing came, went or changed but counts, times and evidence of problems that stood.</summary>
    public bool IsOnlyRecounted(FleetState earlier)
    {
        var delta = Since(earlier);
        return delta.Facts is null && delta.Devices.Count + delta.DevicesGone.Count + delta.ProblemsGone.Count + delta.Workloads.Count + delta.WorkloadsGone.Count
            + delta.Operations.Count + delta.OperationsGone.Count == 0
            && delta.Problems.All(problem => earlier._problems.TryGetValue(KeyOf(problem.Key), out var before) && IsRecounted(before, problem));
    }

    private static bool IsRecounted(Problem before, Problem now) =>
        before.Severity == now.Severity && before.Action == now.Action && before.Cause == now.Cause && before.Message == now.Message
        && before.Incident == now.Incident && before.Headline == now.Headline;

    private static bool IsEmpty(Delta delta) => delta.Facts is null
        && delta.Devices.Count + delta.DevicesGone.Count + delta.Problems.Count + delta.ProblemsGone.Count + delta.Workloads.Count + delta.WorkloadsGone.Count
            + delta.Operations.Count + delta.OperationsGone.Count == 0;

    private static string KeyOf(ProblemKey key) => $"{key.Id}\n{key.SubjectKind}\n{key.Subject}";

    /// <summary>What did not change is shared with the earlier state.</summary>
    private static SortedDictionary<string, T> Index<T>(IEnumerable<T> items, Func<T, string> key, SortedDictionary<string, T>? earlier) where T : class
    {
        var index = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            var name = key(item);
            index[name] = earlier?.GetValueOrDefault(name) is { } same && same.Equals(item) ? same : item;
        }
        return index;
    }

    private static void Compare<T>(SortedDictionary<string, T> before, SortedDictionary<string, T> now, Action<T> put, Action<string, T> gone) where T : class
    {
        foreach (var (key, item) in now)
        {
            if (!before.TryGetValue(key, out var earlier) || !item.Equals(earlier))
                put(item);
        }
        foreach (var (key, item) in before)
        {
            if (!now.ContainsKey(key))
                gone(key, item);
        }
    }
}
