using AIInfra.Aggregator.Audit;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using GrantRequest = AIInfra.Aggregator.Grants.GrantRequest;

namespace AIInfra.FunctionalTests.Aggregator;

/// <summary>One replica's store and ledger, over a clock that the test moves.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    public const string Rack = "topology.example/rack";

    private readonly Dictionary<string, NodeRecord> _nodes = new(StringComparer.Ordinal);

    private TestFleet(string connection, GrantPolicy policy, ManualTime time)
    {
        (Time, Policy) = (time, policy);
        Database = FleetDatabase.Open(connection, time, NullLogger<FleetDatabase>.Instance);
        Replicas = new Replicas(Database, policy.View, time);
        Nodes = new NodeStore(Database, Replicas, policy.Labels, new TextPool());
        Ledger = new GrantLedger(Database, Replicas, policy, NullLogger<GrantLedger>.Instance);
        Controls = new GrantControls(Database, Replicas, policy);
        Audit = new AuditLog(Database);
    }

    public ManualTime Time { get; }
    public GrantPolicy Policy { get; }
    public FleetDatabase Database { get; }
    public Replicas Replicas { get; }
    public NodeStore Nodes { get; }
    public GrantLedger Ledger { get; }
    public GrantControls Controls { get; }
    public AuditLog Audit { get; }

    /// <summary>The fleet may be granted things at once.</summary>
    public static GrantPolicy Armed(params Budget[] budgets) => new() { Budgets = [.. budgets], View = new ViewRule(90, TimeSpan.Zero) };

    public static TestFleet Open(string connection, GrantPolicy policy, ManualTime? time = null) => new(connection, policy, time ?? new ManualTime());

    /// <summary>Another replica beside it, with the same clock.</summary>
    public TestFleet Beside(string connection) => new(connection, Policy, Time);

    public async Task BeatAsync() => await Replicas.BeatAsync(TestContext.Current.CancellationToken);

    /// <summary>The nodes report, and are in sight.</summary>
    public async Task ReportAsync(params IEnumerable<NodeRecord> nodes)
    {
        var changes = nodes.Select(node => new NodeChange(node.Name, _nodes.GetValueOrDefault(node.Name), node with { LastHeard = Time.GetUtcNow() })).ToList();
        foreach (var change in changes)
            _nodes[change.Node] = change.After!;
        await Nodes.WriteAsync(changes, TestContext.Current.CancellationToken);
        await BeatAsync();
    }

    /// <summary>Each node that has reported says something again.</summary>
    public Task HearAllAsync() => ReportAsync([.. _nodes.Values]);

    public Task HearAsync(string node, Func<NodeRecord, NodeRecord> change) => ReportAsync(change(_nodes[node]) with { Sequence = _nodes[node].Sequence + 1 });

    public Task<GrantDecision> AskAsync(string node, string operation = "op", string action = "reboot", string problem = "nvidia.xid.79") =>
        Ledger.AskAsync(Request(node, operation, action, problem), TestContext.Current.CancellationToken);

    public Task ReleaseAsync(string node, GrantDecision grant, string operation = "op") =>
        Ledger.ReleaseAsync(new GrantHolder(node, operation, grant.Grant, grant.Fence), ActionOutcome.Done, "", TestContext.Current.CancellationToken);

    public Task<GrantDecision> RenewAsync(string node, GrantDecision grant, string operation = "op") =>
        Ledger.RenewAsync(new GrantHolder(node, operation, grant.Grant, grant.Fence), TestContext.Current.CancellationToken);

    public async Task<List<string>> TrailAsync() =>
        [.. (await Audit.ReadAsync(new AuditQuery(null, null, null, null, 1000), TestContext.Current.CancellationToken)).Reverse().Select(entry => $"{entry.What} {entry.Node} {entry.Operation}".TrimEnd())];

    public static GrantRequest Request(string node, string operation, string action = "reboot", string problem = "nvidia.xid.79") =>
        new(node, operation, action, DrainScope.Node, [], new ProblemKey(problem, Subject.Device("GPU-0")));

    public static NodeRecord Node(string name, string? rack = null, string? job = null, bool isConnected = true) => new()
    {
        Name = name,
        Incarnation = "i1",
        Sequence = 1,
        LastHeard = default,
        IsConnected = isConnected,
        Facts = NodeFacts.Unknown with { Labels = rack is null ? NodeFacts.Unknown.Labels : NodeFacts.Unknown.Labels.Add(Rack, rack) },
        Workloads = job is null ? [] : [new WorkloadRecord($"pod-{name}", "default", $"pod-{name}", job, ["GPU-0"])],
    };

    public static IEnumerable<NodeRecord> Many(int nodes, int perRack) => Enumerable.Range(0, nodes).Select(at => Node($"n{at:000}", $"r{at / perRack}"));

    public static OperationRecord Step(string operation, string action, string state, string outcome = "", long fence = 0, DateTimeOffset at = default) => new()
    {
        Step = $"{operation}-{action}",
        Operation = operation,
        Action = action,
        State = state,
        Outcome = outcome,
        Fence = fence,
        Grant = fence > 0 ? $"g{fence}" : "",
        Problem = new ProblemKey("nvidia.xid.79", Subject.Device("GPU-0")),
        Closed = at,
    };

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
