using AIInfra.Aggregator.Nodes;
using AIInfra.Fleet.Reporting;
using AIInfra.Fleet.V1;
using AIInfra.Testing;
using NodeFacts = AIInfra.Fleet.V1.NodeFacts;
using ProblemKey = AIInfra.Fleet.V1.ProblemKey;
using Record = AIInfra.Aggregator.Nodes.NodeRecord;

namespace AIInfra.UnitTests.Fleet;

/// <summary>The agent's deltas against the aggregator's reducer: together they must come to the same as a snapshot.</summary>
public sealed class FleetStateTests
{
    private readonly NodeReducer _reducer = new(new TextPool(), new ManualTime());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_run_of_deltas_comes_to_the_same_as_the_whole(int seed)
    {
        var random = new Random(seed);
        var state = FleetState.First(Any(random));
        var told = state;
        var record = _reducer.Replace(null, "n", "i", state.ToSnapshot());

        for (var step = 0; step < 200; step++)
        {
            state = state.Next(Any(random));
            if (random.Next(3) == 0 || ReferenceEquals(state, told))
                continue; // states that were never told are skipped, as when the pace is slower than the changes
            record = _reducer.Change(record, state.Since(told));
            told = state;
        }
        record = ReferenceEquals(state, told) ? record : _reducer.Change(record, state.Since(told));

        AssertSame(_reducer.Replace(null, "n", "i", state.ToSnapshot()), record);
    }

    [Fact]
    public void What_did_not_change_is_no_new_state_and_is_not_told_again()
    {
        var first = FleetState.First(Any(new Random(1)));

        Assert.Same(first, first.Next(Any(new Random(1))));

        var changed = Any(new Random(1));
        changed.Facts.Paused = !changed.Facts.Paused;
        var delta = first.Next(changed).Since(first);
        Assert.NotNull(delta.Facts);
        Assert.Equal(0, delta.Devices.Count + delta.Problems.Count + delta.Workloads.Count + delta.DevicesGone.Count);
    }

    [Fact]
    public void Counts_and_evidence_alone_can_wait_and_a_severity_cannot()
    {
        var state = new NodeState { Facts = new NodeFacts() };
        state.Problems.Add(new Problem { Key = new ProblemKey { Id = "a" }, Severity = "degraded", Count = 1 });
        var first = FleetState.First(state);
        var counted = state.Clone();
        (counted.Problems[0].Count, counted.Problems[0].LastSeenMilliseconds) = (5, 7);
        var worse = counted.Clone();
        worse.Problems[0].Severity = "fatal";

        Assert.True(first.Next(counted).IsOnlyRecounted(first));
        Assert.False(first.Next(worse).IsOnlyRecounted(first));
    }

    [Fact]
    public void Sent_states_are_forgotten_when_they_are_stored_and_never_pile_up()
    {
        var sent = new SentStates();
        var state = FleetState.First(Any(new Random(1)));
        for (var step = 0; step < 100; step++)
        {
            var next = Any(new Random(step));
            next.Facts.Kernel = $"{step}";
            state = state.Next(next);
            sent.Add(state, step);
        }
        Assert.Null(sent.Find(50));
        Assert.NotNull(sent.Find(state.Sequence));
        Assert.Equal(16, sent.Underway);

        sent.Acknowledge(new Acknowledgement { Sequence = state.Sequence - 1, Received = state.Sequence });

        Assert.Equal(0, sent.Underway);
        Assert.NotNull(sent.Find(state.Sequence - 1));
        Assert.Null(sent.Find(state.Sequence - 2));
    }

    private static NodeState Any(Random random)
    {
        var state = new NodeState { Facts = new NodeFacts { Paused = random.Next(4) == 0, Labels = { ["rack"] = $"r{random.Next(2)}" } } };
        for (var index = 0; index < 4; index++)
        {
            if (random.Next(5) > 0)
                state.Devices.Add(new Device { Id = $"GPU-{index}", Model = "H100", Healthy = random.Next(2) == 0 });
            if (random.Next(3) == 0)
                state.Problems.Add(new Problem { Key = new ProblemKey { Id = $"p.{index}", SubjectKind = "device", Subject = $"GPU-{index}" }, Severity = "fatal", Count = random.Next(1, 4), FirstSeenMilliseconds = 1, LastSeenMilliseconds = 2 });
            if (random.Next(3) == 0)
                state.Workloads.Add(new Workload { Id = $"u{index}", Namespace = "a", Name = $"w{random.Next(2)}", Devices = { $"GPU-{index}" } });
            if (random.Next(4) == 0)
                state.Operations.Add(new Operation { Id = $"op{index}", Step = $"op{index}-1", State = random.Next(2) == 0 ? "intended" : "closed" });
        }
        return state;
    }

    private static void AssertSame(Record expected, Record actual)
    {
        Assert.Equal(expected.Sequence, actual.Sequence);
        Assert.Equal(expected.Facts.Labels, actual.Facts.Labels);
        Assert.Equal(expected.Facts.IsPaused, actual.Facts.IsPaused);
        Assert.Equal(expected.Devices.Select(device => (device.Id, device.IsHealthy)), actual.Devices.Select(device => (device.Id, device.IsHealthy)));
        Assert.Equal(expected.Problems.Select(problem => (problem.Key, problem.Count)), actual.Problems.Select(problem => (problem.Key, problem.Count)));
        Assert.Equal(expected.Workloads.Select(workload => (workload.Id, workload.Name)), actual.Workloads.Select(workload => (workload.Id, workload.Name)));
        Assert.Equal(expected.Operations.Select(step => (step.Step, step.State)), actual.Operations.Select(step => (step.Step, step.State)));
    }
}
