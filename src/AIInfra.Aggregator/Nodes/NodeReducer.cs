using System.Collections.Immutable;
using Wire = AIInfra.Fleet.V1;

namespace AIInfra.Aggregator.Nodes;

/// <summary>From a node's messages to its record: a snapshot replaces, a delta changes. Everything is bounded: what is too long is cut, what is too much is left out.</summary>
internal sealed class NodeReducer(TextPool pool, TimeProvider time)
{
    public const int MostDevices = 2048, MostProblems = 1100, MostWorkloads = 2048, MostOperations = 100;

    private readonly WireRecords _records = new(pool);

    /// <param name="before">Null: the node is new.</param>
    public NodeRecord Replace(NodeRecord? before, string node, string incarnation, Wire.Snapshot snapshot)
    {
        var (now, names) = (time.GetUtcNow(), new OwnNames(before));
        var state = snapshot.State ?? new Wire.NodeState();
        var arrived = (before?.Problems ?? []).ToDictionary(problem => problem.Key, problem => problem.Arrived);
        return (before ?? New(node)) with
        {
            Incarnation = incarnation,
            Sequence = Sequence(snapshot.Sequence),
            Facts = state.Facts is { } facts ? _records.Facts(facts) : NodeFacts.Unknown,
            Devices = Merge([], state.Devices.Select(device => _records.Device(device, names)), [], device => device.Id, MostDevices),
            Problems = Merge([], state.Problems.Select(problem => _records.Problem(problem, names, arrived, now)), [], WireRecords.Order, MostProblems),
            Workloads = Merge([], state.Workloads.Select(workload => _records.Workload(workload, names)), [], workload => workload.Id, MostWorkloads),
            Operations = Merge([], state.Operations.Select(operation => _records.Operation(operation, names)), [], operation => operation.Step, MostOperations),
        };
    }

    /// <param name="before">Stands where the delta starts.</param>
    public NodeRecord Change(NodeRecord before, Wire.Delta delta)
    {
        var arrived = delta.Problems.Count == 0 ? null : before.Problems.ToDictionary(problem => problem.Key, problem => problem.Arrived);
        var (now, names) = (time.GetUtcNow(), new OwnNames(before));
        return before with
        {
            Sequence = Sequence(delta.Sequence),
            Facts = delta.Facts is { } facts ? _records.Facts(facts) : before.Facts,
            Devices = Merge(before.Devices, delta.Devices.Select(device => _records.Device(device, names)), delta.DevicesGone, device => device.Id, MostDevices),
            Problems = Merge(before.Problems, delta.Problems.Select(problem => _records.Problem(problem, names, arrived!, now)),
                delta.ProblemsGone.Select(key => WireRecords.Order(_records.Key(key, names))), WireRecords.Order, MostProblems),
            Workloads = Merge(before.Workloads, delta.Workloads.Select(workload => _records.Workload(workload, names)), delta.WorkloadsGone, workload => workload.Id, MostWorkloads),
            Operations = Merge(before.Operations, delta.Operations.Select(operation => _records.Operation(operation, names)), delta.OperationsGone, operation => operation.Step, MostOperations),
        };
    }

    private NodeRecord New(string node) => new()
    {
        Name = node,
        Incarnation = "",
        Sequence = 0,
        Facts = NodeFacts.Unknown,
        LastHeard = time.GetUtcNow(),
        IsConnected = true,
    };

    /// <summary>Ordered by key; the same array where nothing differs.</summary>
    private static ImmutableArray<T> Merge<T>(ImmutableArray<T> before, IEnumerable<T> changed, IEnumerable<string> gone, Func<T, string> key, int most)
    {
        var (put, taken) = (changed.ToList(), gone.ToList());
        if (put.Count + taken.Count == 0)
            return before;
        var all = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var one in before)
            all[key(one)] = one;
        foreach (var one in taken)
            all.Remove(one);
        foreach (var one in put)
            all[key(one)] = one;
        return [.. all.Values.Take(most)];
    }

    private static long Sequence(ulong number) => number > long.MaxValue ? long.MaxValue : (long)number;
}
