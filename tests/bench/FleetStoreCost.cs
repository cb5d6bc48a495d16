using System.Diagnostics;
using AIInfra.Aggregator.Grants;
using AIInfra.Aggregator.Nodes;
using AIInfra.Aggregator.Store;
using AIInfra.Core.Health;
using AIInfra.Core.Remediation;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using GrantRequest = AIInfra.Aggregator.Grants.GrantRequest;

namespace AIInfra.Bench;

/// <summary>What the aggregator's store takes in, and how fast it decides, in a fleet of 10,000 nodes with 8 devices each; PostgreSQL beside SQLite.</summary>
internal static class FleetStoreCost
{
    private const int Nodes = 10_000, Batch = 512, Decisions = 300, AtOnce = 16;

    private sealed record Figures(double Fresh, double Deltas, double Touches, double Load, double Alone, double Beside, double P99);

    public static async Task RunAsync(TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("aifleet-").FullName;
        output.Note($"fleet store: {Nodes} nodes with 8 devices; every write is on the disk before it counts; baseline: SQLite");
        var file = await MeasureAsync($"Data Source={Path.Combine(folder, "fleet.db")}");
        Print(output, "SQLite", file, null);
        if (PostgresServer.Missing is null)
        {
            await using var server = await PostgresServer.StartAsync();
            await using (var connection = new NpgsqlConnection(server.ConnectionString("postgres") + ";Pooling=false"))
            {
                await connection.OpenAsync();
                await using var command = new NpgsqlCommand("CREATE DATABASE fleet", connection);
                await command.ExecuteNonQueryAsync();
            }
            Print(output, "PostgreSQL", await MeasureAsync(server.ConnectionString("fleet")), file);
        }
        Directory.Delete(folder, recursive: true);
    }

    private static void Print(TextWriter output, string name, Figures value, Figures? other)
    {
        output.Row($"fleet store, {name}: new nodes/s", value.Fresh, other?.Fresh);
        output.Row($"fleet store, {name}: changed nodes/s", value.Deltas, other?.Deltas);
        output.Row($"fleet store, {name}: nodes heard again/s", value.Touches, other?.Touches);
        output.Row($"fleet store, {name}: all nodes read at the start, s", value.Load, other?.Load);
        output.Row($"fleet store, {name}: grant decisions/s, one after the other", value.Alone, other?.Alone);
        output.Row($"fleet store, {name}: grant decisions/s, {AtOnce} at once", value.Beside, other?.Beside, ">= 100");
        output.Row($"fleet store, {name}: a decision among {AtOnce}, p99 ms", value.P99, other?.P99);
    }

    private static async Task<Figures> MeasureAsync(string connection)
    {
        var policy = new GrantPolicy
        {
            Budgets = [new Budget("fleet", "", Amount.OfPercent(100), 0, new StartRate(100_000, TimeSpan.FromHours(1))), new Budget("racks", "rack", Amount.OfPercent(100))],
            View = new ViewRule(90, TimeSpan.Zero),
            Breaker = new BreakerRule { Percent = 100 },
        };
        await using var database = FleetDatabase.Open(connection, TimeProvider.System, NullLogger<FleetDatabase>.Instance);
        var replicas = new Replicas(database, policy.View, TimeProvider.System);
        var store = new NodeStore(database, replicas, policy.Labels, new TextPool());
        var ledger = new GrantLedger(database, replicas, policy, NullLogger<GrantLedger>.Instance);
        await replicas.BeatAsync(default);
        var all = Enumerable.Range(0, Nodes).Select(at => Node(at, 1)).ToList();
        var fresh = await RateAsync(store, all.Select(node => new NodeChange(node.Name, null, node)));
        var changed = all.ConvertAll(node => node with { Sequence = 2, LastHeard = DateTimeOffset.UtcNow });
        var deltas = await RateAsync(store, all.Zip(changed, (before, after) => new NodeChange(after.Name, before, after)));
        var touches = await RateAsync(store, changed.Select(node => new NodeChange(node.Name, node, node with { LastHeard = DateTimeOffset.UtcNow })));
        var started = Stopwatch.GetTimestamp();
        if ((await store.ReadSinceAsync(0, default)).Nodes.Length != Nodes)
            throw new InvalidOperationException("Not all nodes came back.");
        var load = Stopwatch.GetElapsedTime(started).TotalSeconds;
        await replicas.BeatAsync(default);

        started = Stopwatch.GetTimestamp();
        for (var at = 0; at < Decisions; at++)
            await AskAsync(ledger, at * 7);
        var alone = Decisions / Stopwatch.GetElapsedTime(started).TotalSeconds;
        await replicas.BeatAsync(default);
        var times = new List<double>();
        started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, Decisions), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (at, _) =>
        {
            var began = Stopwatch.GetTimestamp();
            await AskAsync(ledger, (at * 7) + 3);
            lock (times)
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        });
        return new Figures(fresh, deltas, touches, load, alone, Decisions / Stopwatch.GetElapsedTime(started).TotalSeconds, times.At(0.99));
    }

    private static async Task AskAsync(GrantLedger ledger, int node)
    {
        var decision = await ledger.AskAsync(new GrantRequest(Name(node), "op", "cordon", DrainScope.Node, [], new ProblemKey("nvidia.xid.79", Subject.Device("GPU-0"))), default);
        if (decision.Outcome != GrantOutcome.Granted)
            throw new InvalidOperationException($"A grant was denied: {decision.Why}");
    }

    private static async Task<double> RateAsync(NodeStore store, IEnumerable<NodeChange> changes)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var batch in changes.Chunk(Batch))
            await store.WriteAsync(batch, default);
        return Nodes / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static string Name(int at) => $"gpu-{at:00000}";

    private static NodeRecord Node(int at, long sequence) => new()
    {
        Name = Name(at),
        Incarnation = "i",
        Sequence = sequence,
        LastHeard = DateTimeOffset.UtcNow,
        IsConnected = true,
        Facts = NodeFacts.Unknown with { Labels = NodeFacts.Unknown.Labels.Add("rack", $"r{at / 32}").Add("topology.kubernetes.io/zone", $"z{at % 3}"), Image = "Ubuntu 24.04", Kernel = "6.8.0" },
        Devices = [.. Enumerable.Range(0, 8).Select(device => new DeviceRecord
        {
            Id = $"GPU-{at:x8}-{device}", Vendor = "nvidia", Model = "NVIDIA H100 80GB HBM3", Resource = "nvidia.com/gpu", Index = device, PciAddress = $"0000:{device:x2}:00.0", IsHealthy = true, NumaNode = device / 4, MemoryBytes = 85_899_345_920,
            Links = [.. Enumerable.Range(0, 8).Where(peer => peer != device).Select(peer => new LinkRecord($"GPU-{at:x8}-{peer}", "direct", 18))],
        })],
    };
}
